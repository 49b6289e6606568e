/** The gate: each rule has a case that lets through and a case that does not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy, gate, type GateInput, noFacts } from '#contracts/gate.ts';
import { limits } from '#contracts/limits.ts';
import { toolNames, tools, type ToolName } from '#contracts/tools.ts';
import type { Taint } from '#contracts/trust.ts';

const origins = [{ kind: 'mail', label: 'mail from Eve' }] as const;
const ask = (tool: ToolName, more: Partial<GateInput> = {}) =>
  gate({
    tool,
    facts: noFacts,
    taints: [],
    requiresConfirmation: false,
    policy: defaultPolicy,
    ...more,
  });
const to = (count: number) => {
  const recipients = Array.from({ length: count }, (_, i) => `p${i}@office.example.com`);
  return { recipients, external: [], unverified: [] };
};

describe('the gate', () => {
  it('lets reads run, and private drafts', () => {
    expect(ask('listEvents')).toEqual({ verdict: 'run', tier: 0 });
    expect(ask('createDraft')).toEqual({ verdict: 'run', tier: 1 });
  });

  it('makes changes of one’s own things wait, unless policy lets them run', () => {
    expect(ask('createEvent')).toMatchObject({ verdict: 'approve', tier: 2 });
    const policy = { ...defaultPolicy, approveFromTier: 3 } as const;
    expect(ask('createEvent', { policy })).toEqual({ verdict: 'run', tier: 2 });
  });

  it('raises whatever tells somebody else to tier 3, and many people to tier 4', () => {
    expect(ask('createEvent', { facts: to(1) })).toMatchObject({ verdict: 'approve', tier: 3 });
    expect(ask('moveEvent', { facts: to(2) })).toMatchObject({ tier: 3 });
    expect(ask('sendEmail', { facts: to(limits.recipientsHighStakes) })).toMatchObject({ tier: 3 });
    expect(ask('sendEmail', { facts: to(limits.recipientsHighStakes + 1) })).toMatchObject({
      tier: 4,
    });
  });

  it('does not raise a draft for its recipients: nobody sees it', () => {
    expect(ask('createDraft', { facts: to(3) })).toMatchObject({ verdict: 'run', tier: 1 });
  });

  it('names people outside and people nobody knows', () => {
    const facts = {
      recipients: ['x@out.example.org'],
      external: ['x@out.example.org'],
      unverified: ['x@out.example.org'],
    };
    const verdict = ask('sendEmail', { facts });
    expect(verdict).toMatchObject({ verdict: 'approve' });
    expect(JSON.stringify(verdict)).toContain('Outside your organisation: x@out.example.org');
    expect(JSON.stringify(verdict)).toContain('Not in your directory');
  });

  it('asks before untrusted text chooses a recipient, a page or a search', () => {
    const taints: Taint[] = [{ path: 'to[0]', origins }];
    expect(ask('createDraft', { taints })).toMatchObject({ verdict: 'approve', tier: 1 });
    expect(ask('readPage', { taints: [{ path: 'url', origins }] })).toMatchObject({
      verdict: 'approve',
      tier: 0,
    });
    expect(ask('searchWeb', { taints: [{ path: 'query', origins }] })).toMatchObject({
      verdict: 'approve',
    });
    expect(ask('readThread', { taints: [{ path: 'threadId', origins }] })).toMatchObject({
      verdict: 'run',
    });
    expect(ask('createDraft', { taints: [{ path: 'body', origins }] })).toMatchObject({
      verdict: 'run',
    });
  });

  it('asks before a mail decides when an event is, also where events need no approval', () => {
    const policy = { ...defaultPolicy, approveFromTier: 3 as const };
    expect(ask('createEvent', { policy })).toMatchObject({ verdict: 'run' });
    const mail = [{ kind: 'mail' as const, label: 'mail from Nora Feld, 20 Nov' }];
    expect(ask('createEvent', { policy, taints: [{ path: 'start', origins: mail }] })).toEqual({
      verdict: 'approve',
      tier: 2,
      reasons: ['start comes from mail from Nora Feld, 20 Nov.'],
    });
  });

  it('asks when the plan asks for confirmation', () => {
    expect(ask('listEvents', { requiresConfirmation: true })).toMatchObject({
      verdict: 'approve',
      tier: 0,
    });
  });

  it('refuses tools it does not know, and names that only look like one', () => {
    for (const name of ['rm', 'toString', '__proto__', 'constructor']) {
      expect(ask(name as ToolName)).toMatchObject({ verdict: 'refuse' });
    }
  });

  it('refuses what policy refuses and raises what policy raises', () => {
    expect(
      ask('listEvents', { policy: { ...defaultPolicy, refuseTools: ['listEvents'] } }),
    ).toMatchObject({ verdict: 'refuse' });
    expect(
      ask('listEvents', { policy: { ...defaultPolicy, raiseTiers: { listEvents: 3 } } }),
    ).toMatchObject({ verdict: 'approve', tier: 3 });
    expect(
      ask('sendEmail', { policy: { ...defaultPolicy, raiseTiers: { sendEmail: 1 } } }),
    ).toMatchObject({ tier: 3 });
  });

  it('never lets tier 3 or 4 run, whatever the policy and the planner say (seen: 18)', () => {
    const policy = fc.record({
      version: fc.constant('p'),
      approveFromTier: fc.constantFrom(1, 2, 3) as fc.Arbitrary<1 | 2 | 3>,
      planApproval: fc.boolean(),
      refuseTools: fc.constant([] as const),
      raiseTiers: fc.dictionary(fc.constantFrom(...toolNames), fc.integer({ min: 1, max: 4 })),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...toolNames),
        fc.nat(15),
        policy,
        fc.boolean(),
        (tool, count, p, confirm) => {
          const verdict = ask(tool, { facts: to(count), policy: p, requiresConfirmation: confirm });
          const commits =
            tools[tool].tier >= 3 ||
            (count > 0 && ['reversible', 'commit'].includes(tools[tool].effectClass));
          if (commits) expect(verdict.verdict).toBe('approve');
          if (verdict.verdict === 'run') expect(verdict.tier).toBeLessThan(3);
        },
      ),
      { numRuns: 500 },
    );
  });
});
