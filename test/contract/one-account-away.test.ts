/**
 * A person with an account at each vendor while Microsoft asks to be left alone: what needs that account
 * says so and waits, what needs the other one goes on, and the wait ends by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GoalView } from '#contracts/goal.ts';
import { type Installation, startInstallation } from '#test/support/installation.ts';
import { setFault } from './sandbox-clients.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation[Symbol.asyncDispose]());

type Handle = Awaited<ReturnType<Installation['start']>>;
type Listed = {
  readonly value: {
    readonly events: readonly { readonly account: string }[];
    readonly unreachable: readonly unknown[];
  };
};
const view = (handle: Handle) => handle.query<GoalView>('getGoal');

async function until(handle: Handle, is: (goal: GoalView) => boolean): Promise<GoalView> {
  for (let turn = 0; ; turn += 1) {
    const goal = await view(handle);
    if (is(goal) || turn === 300) return goal;
    await sleep(100);
  }
}
async function ended(handle: Handle): Promise<{ state: string; listed: Listed['value'] }> {
  await handle.result();
  const { state, steps } = await view(handle);
  return { state, listed: (steps[0]?.output as unknown as Listed).value };
}

it('holds up what needs the account that is away, and nothing else', async () => {
  const { sandbox, start } = installation;
  const headers = { 'retry-after': '31' };
  const away = { action: 'status', status: 429, times: 10_000, headers };
  await setFault(sandbox, { match: { pathRegex: '/v1.0/' }, ...away });
  const home = await start('What is in my private calendar next week?');
  const waiting = await until(home, ({ waitingOn }) => waitingOn.length > 0);
  expect(waiting.state).toBe('waiting_on_provider');
  expect(waiting.waitingOn).toMatchObject([{ provider: 'microsoft' }]);

  const work = await ended(await start('What is in my work calendar next week?'));
  expect(work.state).toBe('completed');
  expect(new Set(work.listed.events.map(({ account }) => account)).size).toBe(1);
  expect(work.listed.unreachable).toEqual([]);
  const both = await ended(await start('What is on my calendar next week?'));
  expect(both.state).toBe('completed');
  expect(both.listed.events.length).toBeGreaterThan(0);
  expect(both.listed.unreachable).toHaveLength(1);

  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  const back = await ended(home);
  expect(back.state).toBe('completed');
  expect((await view(home)).waitingOn).toEqual([]);
}, 120_000);
