/** References between steps: what they resolve to, and what they carry along. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '#contracts/canonical.ts';
import type { Json } from '#contracts/json.ts';
import {
  parseReference,
  referencesIn,
  resolveReferences,
  type StepOutput,
} from '#contracts/references.ts';

const mail: StepOutput = {
  value: { messages: [{ from: { email: 'eve@evil.example.com' } }], count: 3 },
  trust: 'untrusted',
  origins: [{ kind: 'mail', label: 'mail from Eve' }],
};
const slots: StepOutput = {
  value: { best: { start: '2026-11-24T10:00:00+01:00' } },
  trust: 'trusted',
  origins: [],
};
const scope = {
  goal: { text: 'do it', owner: 'a@b.example.com', zone: 'UTC' },
  outputs: new Map([
    ['mail', mail],
    ['slots', slots],
  ]),
};

describe('resolving references', () => {
  it('keeps the type of a value that a leaf is made of, and writes it into text otherwise', () => {
    const input = {
      a: '{{steps.mail.output.count}}',
      b: 'n = {{ steps.mail.output.count }} for {{goal.owner}}',
      c: ['{{steps.slots.output.best.start}}'],
    };
    const result = resolveReferences(input, scope);
    expect(result.ok && result.resolved.value).toEqual({
      a: 3,
      b: 'n = 3 for a@b.example.com',
      c: ['2026-11-24T10:00:00+01:00'],
    });
  });

  it('carries trust, origins and the path of each tainted leaf', () => {
    const result = resolveReferences(
      {
        to: ['x@y.example.com', '{{steps.mail.output.messages[0].from.email}}'],
        start: '{{steps.slots.output.best.start}}',
      },
      scope,
    );
    expect(result.ok && result.resolved).toMatchObject({
      trust: 'untrusted',
      origins: mail.origins,
      taints: [{ path: 'to[1]', origins: mail.origins }],
    });
  });

  it('names the reference that leads nowhere', () => {
    for (const text of [
      '{{steps.mail.output.messages[1].from}}',
      '{{steps.none.output.x}}',
      '{{steps.mail.output.__proto__}}',
      '{{steps.mail.output.messages.length}}',
      '{{env.HOME}}',
    ]) {
      expect(resolveReferences({ x: `see ${text}` }, scope)).toEqual({ ok: false, missing: text });
    }
  });

  it('never throws, and leaves values without references as they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        const result = resolveReferences(json, scope);
        if (referencesIn(json).length === 0 && result.ok)
          expect(result.resolved.value).toEqual(json);
      }),
    );
  });

  it('does not resolve what a resolved value contains', () => {
    const outputs = new Map([['mail', { ...mail, value: { text: '{{goal.owner}}' } }]]);
    const result = resolveReferences({ x: '{{steps.mail.output.text}}' }, { ...scope, outputs });
    expect(result.ok && result.resolved.value).toEqual({ x: '{{goal.owner}}' });
  });

  it('refuses malformed references', () => {
    for (const text of [
      'steps.x',
      'steps.X.output.a',
      'steps.a.output.b[c]',
      'steps.a.output.[0]',
      'goal.secret',
      '',
    ]) {
      expect(parseReference(text)).toBeUndefined();
    }
  });
});

describe('canonical JSON', () => {
  it('is the same for the same value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as { [key: string]: Json };
        const reversed = Object.fromEntries(Object.entries(json).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(json));
        expect(JSON.parse(canonicalJson(json))).toEqual(json);
      }),
    );
  });

  it('follows the examples of RFC 8785', () => {
    expect(
      canonicalJson({
        numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        literals: [null, true, false],
      }),
    ).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}');
    expect(
      canonicalJson({
        '\u20ac': 'Euro Sign',
        '\r': 'Carriage Return',
        '1': 'One',
        '\u0080': 'Control',
      }),
    ).toBe('{"\\r":"Carriage Return","1":"One","\u0080":"Control","€":"Euro Sign"}');
  });

  it('refuses what has no one form', () => {
    expect(() => canonicalJson(Number.NaN)).toThrow(TypeError);
    expect(() => canonicalJson('\ud800')).toThrow(TypeError);
  });
});
