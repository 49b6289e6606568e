/** The budget of a day over triage and research: real workers, and the sandbox's model that counts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GoalView } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import { type Installation, startInstallation } from '#test/support/installation.ts';

let installation: Installation;
beforeAll(async () => {
  // Room for one call at a time: nearly every call has to be asked for.
  const room = String(limits.modelReserveTokens);
  const settings = { ADJUTANT_DAY_TOKENS: room, ADJUTANT_UNSIGNED_DECISIONS: 'allow' };
  installation = await startInstallation({}, settings);
});
afterAll(() => installation[Symbol.asyncDispose]());

/** Carries a goal out, approving whatever it asks for, and returns the steps that waited for it. */
async function pursue(goal: string) {
  const handle = await installation.start(goal, { protocol: 2 });
  const kinds: string[] = [];
  const answered = new Set<string>();
  const waiting = new Set<string>();
  for (;;) {
    const view = await handle.query<GoalView>('getGoal');
    for (const { kind, approvalId, digest } of view.pendingApprovals) {
      if (answered.has(approvalId)) continue;
      answered.add(approvalId);
      kinds.push(kind);
      for (const { tool, status } of view.steps) if (status === 'running') waiting.add(tool);
      await handle.signal('decideApproval', { approvalId, digest, verdict: 'approve' });
    }
    if (view.report !== null) return { view, kinds, waiting: [...waiting] };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function settled() {
  const { rows } = await installation.pool.query<{ calls: number; tokens: number; held: number }>(
    `select sum(calls)::int as calls, sum(tokens)::int as tokens,
       sum(reserved_tokens)::int as held from budget_days where owner = $1`,
    [installation.owner],
  );
  return rows[0];
}

it.each([
  ['triage my inbox', 'triageInbox'],
  ['Brief me on Acme', 'research'],
])(
  '“%s” asks for more of the day and goes on; nothing of it is counted wrong (seen: 28)',
  async (goal, tool) => {
    const { view, kinds, waiting } = await pursue(goal);
    expect(view.state).toBe('completed');
    expect(new Set(kinds)).toEqual(new Set(['budget']));
    expect(waiting).toContain(tool);
    const url = `${installation.sandbox.oracleUrl}/__oracle/model`;
    const counted = (await (await fetch(url)).json()) as {
      calls: number;
      inputTokens: number;
      outputTokens: number;
    };
    const tokens = counted.inputTokens + counted.outputTokens;
    expect(await settled()).toEqual({ calls: counted.calls, tokens, held: 0 });
  },
  60_000,
);
