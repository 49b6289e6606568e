/** Admission at the deadline: what was stored in time counts when it comes again, and nothing else does. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { owner } from '../support/effects.ts';
import { ApprovalBench } from './approvals-fixture.ts';

let bench: ApprovalBench;
beforeAll(async () => {
  bench = await ApprovalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

it('a decision that was stored in time is applied when it comes again after the deadline', async () => {
  const asked = await bench.ask();
  const late = { ...asked, expiresAt: new Date(Date.now() - 1).toISOString() };
  const early = await bench.decide(owner, { decisionId: 'mine' }, late);
  expect([early.outcome.code, await bench.rows()]).toEqual(['expired', []]);
  await bench.decide(owner, { decisionId: 'mine' }, asked);
  const again = await bench.decide(owner, { decisionId: 'mine' }, late);
  expect(again).toMatchObject({ did: 'settled', standing: { decisionId: 'mine' } });
  const other = await bench.decide(owner, { verdict: 'reject' }, late);
  expect(other).toMatchObject({ outcome: { code: 'already_decided' } });
  expect(await bench.rows()).toHaveLength(1);
});
