/** Deliveries: signed, repeated under the same id, given up, and never sent where they may not go. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postWebhook } from '#activities/webhooks/post.ts';
import { dispatchWebhooks } from '#api/webhooks/dispatcher.ts';
import { createWebhookStore, type WebhookStore } from '#api/webhooks/webhook-store.ts';
import type { WebhookInput } from '#contracts/schemas/webhook.ts';
import { type GoalId, webhookWorkflowId } from '#contracts/names.ts';
import { alice, bob } from './api-samples.ts';
import { journaledGoal, startDelivering } from './webhook-fixture.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testSealer } from '../support/events.ts';
import { type Received, Receiver } from '../support/receiver.ts';

const sealer = testSealer();
let database: TestDatabase;
let receiver: Receiver;
let bench: Awaited<ReturnType<typeof startDelivering>>;
let store: WebhookStore;
let paths = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await new Receiver().start();
  bench = await startDelivering(database, sealer);
  store = createWebhookStore(database.pool, sealer);
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** Registers an endpoint with a path of its own. Endpoints of other tests are removed. */
async function endpoint(input: Partial<WebhookInput> = {}) {
  await database.pool.query('delete from webhook_endpoints');
  paths += 1;
  const path = `/hook-${paths}`;
  const url = `${receiver.url}${path}`;
  const created = await store.create(alice, { url, ...input }, await bench.deps.feed.end());
  if (created === null) throw new Error('too many');
  const { webhook, secret } = created;
  const soon = { timeout: 15_000 };
  return {
    path,
    id: webhook.id,
    secret,
    state: async () => {
      const { state, reason } = (await store.find(alice, webhook.id))!;
      return { state, reason };
    },
    /** The delivery of an event, once it is in a state. */
    settled: async (messageId: string, state: string) => {
      const find = async () =>
        (await store.deliveries(webhook.id)).find(
          ({ goalId, number }) => messageId === `evt_${goalId}_${number}`,
        );
      await expect.poll(async () => (await find())?.state, soon).toBe(state);
      return (await find())!;
    },
  };
}
const headersOf = ({ headers }: Received) => headers as Record<string, string>;
const idsOf = (received: Received[]) => received.map((one) => headersOf(one)['webhook-id']);

describe('a delivery', () => {
  it('is signed, typed, and holds ids and states but no sentences', async () => {
    const { path, secret, settled } = await endpoint();
    const goal = await journaledGoal(database);
    const data = { tool: 'findTime', tier: 3, reasons: ['Bob is told.'], question: 'Which Bob?' };
    const id = await goal.happen('approval_requested', data);
    await bench.dispatch(1);
    const [request] = await receiver.until(path, 1);
    const body = new Verifier(secret).verify(request!.body, headersOf(request!));
    expect(body).toEqual({
      type: 'goal.approval_requested',
      timestamp: expect.stringMatching(/^2\d{3}-.*Z$/),
      data: {
        goalId: goal.goalId,
        number: 1,
        at: expect.any(String),
        type: 'approval_requested',
        stepId: 'find',
        data: { tool: 'findTime', tier: 3 },
      },
    });
    expect(idsOf([request!])).toEqual([id]);
    expect(() => new Verifier(secret).verify(`${request!.body} `, headersOf(request!))).toThrow(
      /signature/,
    );
    expect(await settled(id, 'delivered')).toMatchObject({ attempts: 1, lastStatus: 204 });
    const handle = bench.client.workflow.getHandle(
      webhookWorkflowId((await store.list(alice))[0]!.id, goal.goalId as GoalId, 1),
    );
    expect(await handle.result()).toBe('delivered');
  });

  it('is made of the kinds asked for and of the owner’s goals only', async () => {
    const { path } = await endpoint({ eventTypes: ['goal.goal_ended'] });
    const [mine, other] = [await journaledGoal(database), await journaledGoal(database, bob)];
    await mine.happen('step_started');
    await other.happen('goal_ended');
    const id = await mine.happen('goal_ended');
    await bench.dispatch(1);
    await receiver.until(path, 1);
    await sleep(200);
    expect(idsOf(receiver.at(path))).toEqual([id]);
  });

  it('is repeated with the same id and body until it is taken', async () => {
    const { path, secret, settled } = await endpoint();
    receiver.scripts.set(path, (response, attempt) => {
      if (attempt === 1) response.destroy();
      else response.writeHead(attempt === 2 ? 500 : 200).end();
    });
    const id = await (await journaledGoal(database)).happen();
    await bench.dispatch(1);
    const requests = await receiver.until(path, 3);
    expect(idsOf(requests)).toEqual([id, id, id]);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
    for (const request of requests) new Verifier(secret).verify(request.body, headersOf(request));
    expect(await settled(id, 'delivered')).toMatchObject({ attempts: 3, lastStatus: 200 });
  });

  it('waits as long as Retry-After says', async () => {
    const { path, settled } = await endpoint();
    receiver.scripts.set(path, (response, attempt) =>
      response.writeHead(attempt === 1 ? 429 : 200, { 'retry-after': '2' }).end(),
    );
    const id = await (await journaledGoal(database)).happen();
    await bench.dispatch(1);
    const [first, second] = await receiver.until(path, 2);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(1_900);
    await settled(id, 'delivered');
  });

  it('fails at a redirect, which is not followed', async () => {
    const { path, settled } = await endpoint();
    receiver.scripts.set(path, (response) =>
      response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end(),
    );
    const id = await (await journaledGoal(database)).happen();
    await bench.dispatch(1);
    const { attempts, detail } = await settled(id, 'failed');
    expect([attempts, detail]).toEqual([3, 'It answered 307; redirects are not followed.']);
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('that hangs is given up in time', async () => {
    const { path, settled } = await endpoint();
    receiver.scripts.set(path, () => undefined);
    const id = await (await journaledGoal(database)).happen();
    await bench.dispatch(1, { scheduleMs: [] });
    expect((await settled(id, 'failed')).detail).toBe('It took too long to answer.');
  });
});

describe('an endpoint', () => {
  it('that answers 410 is disabled at once, and gets what happens after it is enabled again', async () => {
    const { path, id, state, settled } = await endpoint();
    receiver.scripts.set(path, (response) => response.writeHead(410).end());
    const goal = await journaledGoal(database);
    const first = await goal.happen();
    await bench.dispatch(1);
    expect((await settled(first, 'failed')).attempts).toBe(1);
    expect(await state()).toEqual({
      state: 'disabled',
      reason: 'The receiver answered 410: it wants nothing more.',
    });
    const before = await bench.deps.feed.end();
    await goal.happen();
    // A transaction that another test has open on the server holds the feed back for a moment.
    await expect.poll(() => bench.deps.feed.end(), { timeout: 15_000 }).not.toEqual(before);
    expect(await dispatchWebhooks(bench.deps)).toBe(0);
    receiver.scripts.delete(path);
    await store.enable(alice, id, await bench.deps.feed.end());
    const third = await goal.happen();
    await bench.dispatch(1);
    await settled(third, 'delivered');
    expect(idsOf(receiver.at(path))).toEqual([first, third]);
    expect(await state()).toEqual({ state: 'enabled', reason: null });
  });

  it('is failing when a delivery was given up, well again after a success, disabled in the end', async () => {
    const { path, state, settled } = await endpoint();
    receiver.scripts.set(path, (response) => response.writeHead(500).end());
    const goal = await journaledGoal(database);
    const first = await goal.happen();
    await bench.dispatch(1);
    expect((await settled(first, 'failed')).attempts).toBe(3);
    expect(await state()).toEqual({
      state: 'failing',
      reason: 'A delivery was given up. The last attempt: It answered 500.',
    });
    receiver.scripts.delete(path);
    const second = await goal.happen();
    await bench.dispatch(1);
    await settled(second, 'delivered');
    expect(await state()).toEqual({ state: 'enabled', reason: null });
    receiver.scripts.set(path, (response) => response.writeHead(500).end());
    const third = await goal.happen();
    await bench.dispatch(1, { disableAfterMs: 50 });
    await settled(third, 'failed');
    expect((await state()).state).toBe('disabled');
  });

  it('gets nothing any more once it is disabled or deleted, not even what was under way', async () => {
    const { path, id, settled } = await endpoint();
    receiver.scripts.set(path, (response, attempt) =>
      response.writeHead(attempt === 1 ? 500 : 410).end(),
    );
    const goal = await journaledGoal(database);
    const slow = await goal.happen();
    await bench.dispatch(1, { scheduleMs: [1_500] });
    await settled(slow, 'retrying');
    const last = await goal.happen();
    await bench.dispatch(1);
    await settled(last, 'failed');
    await settled(slow, 'skipped');
    const handle = bench.client.workflow.getHandle(webhookWorkflowId(id, goal.goalId as GoalId, 1));
    expect(await handle.result()).toBe('skipped');
    expect(await store.remove(alice, id)).toBe(true);
    expect(receiver.at(path)).toHaveLength(2);
    expect(await store.deliveries(id)).toEqual([]);
  });

  it('is signed for with both secrets for a day after a rotation, then with the new one', async () => {
    const { path, id, secret, settled } = await endpoint();
    const rotated = (await store.rotate(alice, id))!;
    expect(rotated.secret).not.toBe(secret);
    const goal = await journaledGoal(database);
    const first = await goal.happen();
    await bench.dispatch(1);
    await settled(first, 'delivered');
    await database.pool.query(
      `update webhook_endpoints set previous_secret_expires_at = now() - interval '1 s'`,
    );
    const second = await goal.happen();
    await bench.dispatch(1);
    await settled(second, 'delivered');
    const [during, after] = receiver.at(path);
    for (const one of [secret, rotated.secret]) {
      new Verifier(one).verify(during!.body, headersOf(during!));
    }
    new Verifier(rotated.secret).verify(after!.body, headersOf(after!));
    expect(() => new Verifier(secret).verify(after!.body, headersOf(after!))).toThrow(/signature/);
  });
});

describe('dispatching', () => {
  it('is done by one process at a time', async () => {
    const other = await database.pool.connect();
    await other.query('select pg_advisory_lock(72617004)');
    expect(await dispatchWebhooks(bench.deps)).toBeNull();
    await other.query('select pg_advisory_unlock(72617004)');
    other.release();
    expect(await dispatchWebhooks(bench.deps)).not.toBeNull();
  });

  it('serves the other endpoints when one cannot be, and that one later', async () => {
    const broken = await endpoint();
    const whole = (await store.create(
      alice,
      { url: `${receiver.url}/whole` },
      await bench.deps.feed.end(),
    ))!;
    const id = await (await journaledGoal(database)).happen();
    const startDelivery: typeof bench.deps.startDelivery = (request) =>
      request.endpointId === broken.id
        ? Promise.reject(new Error('Temporal is away'))
        : bench.deps.startDelivery(request);
    await expect
      .poll(
        async () => {
          await expect(dispatchWebhooks({ ...bench.deps, startDelivery })).rejects.toThrow(
            '1 webhooks',
          );
          return receiver.at('/whole').length;
        },
        { timeout: 10_000 },
      )
      .toBe(1);
    await bench.dispatch(1);
    expect(idsOf(await receiver.until(broken.path, 1))).toEqual([id]);
    expect(await store.remove(alice, whole.webhook.id)).toBe(true);
  });

  it('goes on after the journal was rebuilt: nothing is lost, nothing is sent again', async () => {
    // Clocks may differ by a minute, so what happened just before the endpoint might be sent to it.
    await database.pool.query('truncate journal_events');
    const { id, path, settled } = await endpoint();
    const goal = await journaledGoal(database);
    const first = await goal.happen();
    await bench.dispatch(1);
    await settled(first, 'delivered');
    const second = await goal.happen();
    const client = await database.pool.connect();
    await client.query('begin');
    await client.query('create temporary table kept on commit drop as table journal_events');
    await client.query('truncate journal_events');
    await client.query(
      `insert into journal_events (goal_id, number, at, type, step_id, data)
       select goal_id, number, at, type, step_id, data from kept`,
    );
    await client.query('commit');
    client.release();
    await bench.dispatch(1);
    await settled(second, 'delivered');
    // A rebuild that goes goal by goal brings the rest later, when Temporal may have forgotten it.
    await database.pool.query('truncate journal_events');
    await dispatchWebhooks(bench.deps);
    await goal.happenAgain();
    const { client: temporal } = bench;
    for (const number of [1, 2]) {
      const workflowId = webhookWorkflowId(id, goal.goalId as GoalId, number);
      await temporal.workflowService.deleteWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId },
      });
    }
    await bench.dispatch(2);
    await sleep(500);
    expect(idsOf(receiver.at(path))).toEqual([first, second]);
  });
});

describe('an address', () => {
  const message = { headers: {}, body: '{}' };
  const problemOf = async (mode: 'live' | 'sandbox', url: string, address = '127.0.0.1') => {
    const family = address.includes(':') ? 6 : 4;
    const resolve = () => Promise.resolve([{ address, family }]);
    return (await postWebhook(url, message, { mode, resolve, timeoutMs: 500 })).problem;
  };

  it('inside the network is refused in live mode, however it is written or resolved', async () => {
    const before = receiver.received.length;
    const { port } = new URL(receiver.url);
    const hosts = ['127.0.0.1', '0x7f.1', '2130706433', '[::1]', '169.254.169.254', '10.0.0.1'];
    for (const host of hosts) {
      expect(await problemOf('live', `https://${host}/`)).toMatch(/^Blocked a/);
      expect(await problemOf('live', `http://${host}:${port}/`)).toMatch(/^Blocked a/);
    }
    expect(await problemOf('live', 'https://inside.example/')).toMatch(/not a public address/);
    expect(await problemOf('live', 'https://inside.example/', 'fd00::1')).toMatch(/not a public/);
    expect(await problemOf('live', 'http://public.example/', '1.1.1.1')).toMatch(/unencrypted/);
    expect(receiver.received).toHaveLength(before);
  });

  it('beyond this machine is refused in sandbox mode', async () => {
    expect(await problemOf('sandbox', 'https://example.com/', '93.184.215.14')).toMatch(
      /nothing leaves this machine/,
    );
    expect(await problemOf('sandbox', `${receiver.url}/plain`)).toBeNull();
  });
});
