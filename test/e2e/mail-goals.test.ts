/** Mail in own words on the real stack: forwarded with its files, put in order and undone, learnt from. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Approval } from '#contracts/approval.ts';
import type { GoalView } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { type Stack, startStack } from '#test/support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Approves whatever is asked until the goal ends. */
async function approveAll(goalId: string): Promise<{ view: GoalView; approved: Approval[] }> {
  const approved: Approval[] = [];
  for (;;) {
    const view = await stack.until(
      goalId,
      ({ state, pendingApprovals }) =>
        /^(completed|failed|cancelled)/.test(state) || pendingApprovals.length > 0,
    );
    const next = view.pendingApprovals[0];
    if (next === undefined) return { view, approved };
    expect(await stack.decide(next, { verdict: 'approve' })).toMatchObject({ status: 200 });
    approved.push(next);
  }
}
const run = async (text: string, body: JsonObject = {}) => {
  const before = (await stack.effects()).length;
  const goalId = await stack.goal(text, body);
  const { view, approved } = await approveAll(goalId);
  const effects = (await stack.effects()).slice(before);
  const operations = effects.map(({ operation, count }) => `${operation} ${count}`);
  return { view, approved, operations };
};
const line = (approval: Approval | undefined, label: string) =>
  approval?.card.lines.find((entry) => entry.label === label)?.value;

test('a mail is forwarded as it was, to whom the person named', async () => {
  const { view, approved, operations } = await run("Forward Dana's last mail to Bob");
  expect(view.state).toBe('completed');
  expect(line(approved[0], 'To')).toBe('bob.keller@office.example.com');
  expect(line(approved[0], 'Subject')).toMatch(/^Fwd: /);
  expect(line(approved[0], 'Quoted text')).toContain('Forwarded message');
  expect(operations).toEqual(['drafts.create 1', 'drafts.send 1']);
});

test('a reply to all goes to everyone code finds', async () => {
  const { view, approved } = await run("Reply to all on Dana's last mail that I agree");
  expect(view.state).toBe('completed');
  expect(line(approved[0], 'To')).toMatch(/@/);
  expect(line(approved[0], 'Subject')).toMatch(/^Re: /);
  expect(line(approved[0], 'Quoted text')).toMatch(/wrote:\n> /);
});

test('mail is archived after one approval', async () => {
  const { view, approved, operations } = await run('archive mail from Priya');
  expect(view.state).toBe('completed');
  expect(approved).toHaveLength(1);
  const moved = approved[0]!.card.lines.filter(({ label }) => label === 'Mail');
  expect(moved.length).toBeGreaterThan(0);
  expect(operations).toHaveLength(moved.length);
  expect(view.report?.done).toEqual([
    `Archived ${moved.length} mail${moved.length === 1 ? '' : 's'}.`,
  ]);
});

test('a tone is learnt without an approval, and counted as shown', async () => {
  const { view, approved, operations } = await run('Learn my tone');
  expect([view.state, approved.length, operations]).toEqual(['completed', 0, []]);
  expect(view.usage.shownBytes).toBeGreaterThan(0);
});
