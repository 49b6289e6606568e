/** A provider that asks to be left alone: goals say that they wait, and go on by themselves. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '#test/support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

test('a read and an approved mail wait for the same provider and both happen once', async () => {
  const mail = await stack.goal('write to bob.keller@office.example.com that I am late');
  const approval = await stack.approval(mail);
  const seen = (await stack.effects()).length;
  await stack.fault({
    match: { pathRegex: '/(calendar|gmail)/' },
    times: 1_000,
    action: 'status',
    status: 429,
    headers: { 'retry-after': '30' },
  });
  const read = await stack.goal('what do I have tomorrow?');
  expect((await stack.decide(approval, { verdict: 'approve' })).status).toBe(200);
  for (const goalId of [read, mail]) {
    const waiting = await stack.until(goalId, ({ waitingOn }) => waitingOn.length > 0);
    expect(waiting.state).toBe('waiting_on_provider');
    expect(waiting.waitingOn).toEqual([
      { provider: 'google', since: expect.any(String), retryAt: expect.any(String) },
    ]);
  }
  await stack.clearFaults();
  for (const goalId of [read, mail]) {
    const { state, waitingOn } = await stack.ended(goalId, 60_000);
    expect({ state, waitingOn }).toEqual({ state: 'completed', waitingOn: [] });
  }
  const effects = (await stack.effects()).slice(seen);
  expect(effects.map(({ operation, count }) => `${operation} ${count}`)).toEqual([
    'drafts.create 1',
    'drafts.send 1',
  ]);
});
