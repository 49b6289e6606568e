/** The budget of a day over triage and research: real workers, and the sandbox's model that counts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GoalView } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import type { ResearchOutput } from '#contracts/schemas/research.ts';
import type { TriageInboxOutput } from '#contracts/schemas/triage.ts';
import { type Installation, startInstallation } from '#test/support/installation.ts';

/** In the mailboxes of the sandbox's main person. */
const mailsThatGetDrafts = 6;

let installation: Installation;
beforeAll(async () => {
  // Less than one call needs: every few calls more has to be asked for.
  const room = String(limits.modelReserveTokens / 4);
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
  const draftsAtAsks: number[] = [];
  for (;;) {
    const view = await handle.query<GoalView>('getGoal');
    for (const { kind, approvalId, digest } of view.pendingApprovals) {
      if (answered.has(approvalId)) continue;
      answered.add(approvalId);
      kinds.push(kind);
      draftsAtAsks.push(await draftsMade());
      for (const { tool, status } of view.steps) if (status === 'running') waiting.add(tool);
      await handle.signal('decideApproval', { approvalId, digest, verdict: 'approve' });
    }
    if (view.report !== null) return { view, kinds, draftsAtAsks, waiting: [...waiting] };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function settled() {
  const { rows } = await installation.pool.query<{ calls: number; tokens: number; held: number }>(
    `select sum(calls)::int as calls, sum(tokens)::int as tokens,
       sum(reserved_tokens)::int as held from budget_days where owner = $1`,
    [installation.owner],
  );
  return rows[0]!;
}

async function draftsMade(): Promise<number> {
  const { rowCount } = await installation.pool.query('select 1 from triage_drafts');
  return rowCount ?? 0;
}

/** What the model's server has counted. */
async function counted() {
  const response = await fetch(`${installation.sandbox.oracleUrl}/__oracle/model`);
  const { calls, inputTokens, outputTokens } = (await response.json()) as Record<string, number>;
  return { calls: calls!, tokens: inputTokens! + outputTokens! };
}

/** Carries a goal out and says what its model calls came to, by the goal and by the model. */
async function measure(goal: string) {
  const before = await counted();
  const pursued = await pursue(goal);
  const after = await counted();
  expect(await settled()).toEqual({ ...after, held: 0 });
  const { modelCalls, inputTokens, outputTokens } = pursued.view.usage;
  const used = { calls: modelCalls, tokens: inputTokens + outputTokens };
  expect(used).toEqual({
    calls: after.calls - before.calls,
    tokens: after.tokens - before.tokens,
  });
  expect(pursued.view.state).toBe('completed');
  return { ...pursued, used, output: pursued.view.steps[0]?.output?.value };
}

/** Lets the rest of the day pass without a limit. */
async function lift(): Promise<void> {
  await installation.pool.query('update budget_days set more_tokens = 1000000000');
}

it('triage that the day stops makes each call once and leaves no draft out (seen: 28)', async () => {
  const { kinds, draftsAtAsks, used, output } = await measure('triage my inbox');
  const { counts, drafts } = output as TriageInboxOutput;
  expect(new Set(kinds)).toEqual(new Set(['budget']));
  // It was stopped between two drafts: what is said below is about that.
  expect(draftsAtAsks.some((count) => count > 0 && count < drafts.length)).toBe(true);
  expect(drafts).toHaveLength(mailsThatGetDrafts);
  const mails = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const batches = Math.ceil(mails / limits.triageBatch);
  expect(used.calls).toBe(1 + batches + drafts.length);
}, 60_000);

it('research that the day stops goes on from what it had found (seen: 28)', async () => {
  const stopped = await measure('Brief me on Acme');
  expect(new Set(stopped.kinds)).toEqual(new Set(['budget']));
  expect(stopped.waiting).toContain('research');
  await lift();
  const free = await measure('Brief me on Acme');
  expect(free.kinds).toEqual([]);
  expect(stopped.used.calls).toBe(free.used.calls);
  expect(summaryOf(stopped.output)).toBe(summaryOf(free.output));
}, 60_000);

const summaryOf = (output: unknown) => (output as ResearchOutput).summary;
