/** Goals of a person with two accounts, on the real stack: which one is read, changed and named. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Approval } from '#contracts/approval.ts';
import { type Stack, startStack } from '#test/support/stack.ts';

const work = 'alex.morgan@office.example.com';
const home = 'alex@morgan-family.example.org';
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

const line = (approval: Approval, label: string) =>
  approval.card.lines.find((entry) => entry.label === label)?.value;
async function approve(goal: string): Promise<{ approval: Approval; state: string }> {
  const goalId = await stack.goal(goal);
  const approval = await stack.approval(goalId);
  await stack.decide(approval, { verdict: 'approve' });
  return { approval, state: (await stack.ended(goalId)).state };
}

test('both accounts of the sandbox are connected, and named', async () => {
  const { body } = await stack.api('/v1/accounts');
  expect(body.accounts).toMatchObject([
    { email: work, provider: 'google', label: 'work', isDefault: true },
    { email: home, provider: 'microsoft', label: 'private', isDefault: false },
  ]);
});

test('an event is put into the calendar the person names, and the card says which', async () => {
  const before = (await stack.effects()).length;
  const { approval, state } = await approve(
    'Block one hour next Tuesday at 20:00 for taxes in my private calendar',
  );
  expect([line(approval, 'Calendar'), state]).toEqual([home, 'completed']);
  const effects = (await stack.effects()).slice(before);
  expect(effects).toMatchObject([{ operation: 'events.insert', account: home, count: 1 }]);
});

test('a mail leaves from the address the person names', async () => {
  const before = (await stack.effects()).length;
  const { approval, state } = await approve(
    'Write to Bob from my private address that I am ill today',
  );
  expect([line(approval, 'From'), state]).toEqual([`Alex Morgan <${home}>`, 'completed']);
  const effects = (await stack.effects()).slice(before);
  expect(effects.map(({ operation, account }) => [operation, account])).toEqual([
    ['drafts.create', home],
    ['drafts.send', home],
  ]);
});

test('an account that is disconnected is asked for no more', async () => {
  const gone = await stack.api(`/v1/accounts/${home}`, { method: 'DELETE' });
  expect(gone).toMatchObject({
    status: 200,
    body: { leftToDo: expect.stringMatching(/Microsoft/) },
  });
  const goalId = await stack.goal('What is on my calendar next week?');
  const { state, steps } = await stack.ended(goalId);
  expect(state).toBe('completed');
  const { value } = steps[0]!.output as unknown as {
    value: { events: { account: string }[]; unreachable: unknown[] };
  };
  expect(new Set(value.events.map(({ account }) => account))).toEqual(new Set([work]));
  expect(value.unreachable).toEqual([]);
});
