/** Server-sent events over real connections: nothing missing, nothing twice, whatever is cut. */
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth } from '#api/auth.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import type { StreamLimits } from '#api/events/event-routes.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createFileKeeper } from '#api/mail/document-store.ts';
import { createStyleStore } from '#api/mail/style-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createTriageStore } from '#api/triage/triage-store.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import { buildServer } from '#api/server.ts';
import { publishEvents, publishGoal } from '#activities/journal/publish.ts';
import type { GoalEvent, JournalEvent } from '#contracts/journal.ts';
import { FakeGoalClient, tokens } from './api-fixture.ts';
import { alice, bob, viewOf } from './api-samples.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { EventReader } from '../support/event-reader.ts';
import { accountParts } from '../support/accounts.ts';
import { eventParts } from '../support/events.ts';

let database: TestDatabase;
let pool: Pool;
let app: FastifyInstance;
let url: string;
const readers: EventReader[] = [];
const soon = { timeout: 10_000 };
beforeAll(async () => {
  database = await createTestDatabase();
  ({ pool } = database);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await start();
});
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.cut()));
  await app.close();
});

/** Starts an api; with a port, the one that stood there before comes back. */
async function start(streams: StreamLimits = {}, port = 0) {
  app = await buildServer({
    authenticate: createTokenAuth(
      Object.entries(tokens).map(([owner, token]) => ({
        token,
        principal: { owner, actor: owner },
      })),
    ),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    members: createMemberStore(pool),
    rules: createRuleStore(pool),
    triage: createTriageStore(pool),
    files: createFileKeeper(pool),
    style: createStyleStore(pool),
    usage: createUsageStore(pool, {}),
    people: createPeopleStore(pool),
    ...eventParts(pool),
    ...accountParts(pool),
    goalClient: new FakeGoalClient(),
    signDecision: () => Promise.reject(new Error('not here')) as never,
    defaultZone: 'UTC',
    checkPostgres: async () => undefined,
    renderMetrics: async () => '',
    version: 'test',
    streams,
  });
  url = await app.listen({ host: '127.0.0.1', port });
}
function open(path: string, lastId?: string, who: keyof typeof tokens = alice): EventReader {
  const reader = new EventReader(`${url}${path}`, tokens[who] ?? '', lastId);
  readers.push(reader);
  return reader;
}
const goalPath = (goalId: string) => `/v1/goals/${goalId}/events`;

const eventOf = (number: number, type: JournalEvent['type'] = 'step_started'): JournalEvent => ({
  number,
  at: new Date(1_700_000_000_000 + number).toISOString(),
  type,
  stepId: 'find',
  data: { tool: 'findTime', text: 'one\n\nevent: forged\ndata: x' },
});
async function goalOf(owner: string = alice): Promise<string> {
  const goal = viewOf(newGoalId(), owner);
  await publishGoal(pool, { goal, approvals: [], events: [], journalNumber: 0 });
  return goal.id;
}
const publish = (goalId: string, ...numbers: number[]) =>
  publishEvents(
    pool,
    goalId,
    numbers.map((number) => eventOf(number)),
  );
async function end(goalId: string, number: number) {
  const goal = { ...viewOf(goalId, alice), state: 'completed' as const };
  const events = [eventOf(number, 'goal_ended')];
  await publishGoal(pool, { goal, approvals: [], events, journalNumber: number });
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));

/** Reads a path to its end or to `count` events, through connections cut at random. */
async function readWithCuts(path: string, cuts: number, count: number) {
  const seen: GoalEvent[] = [];
  let lastId: string | undefined;
  for (let cut = 0; seen.length < count; cut += 1) {
    const reader = open(path, lastId);
    const done = cut >= cuts ? reader.until(count - seen.length) : sleep(Math.random() * 25);
    await Promise.race([done, reader.ended]);
    await reader.cut();
    seen.push(...reader.events.map(({ data }) => JSON.parse(data) as GoalEvent));
    ({ lastId } = reader);
  }
  return seen;
}

describe('the stream of a goal', () => {
  it('sends the journal with its numbers as ids, first what was, then what comes, and ends', async () => {
    const goalId = await goalOf();
    await publish(goalId, 1, 2);
    const reader = open(goalPath(goalId));
    await reader.until(2);
    await publish(goalId, 4);
    await publish(goalId, 3);
    await reader.until(4);
    await end(goalId, 5);
    await reader.ended;
    expect(reader.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.events.map(({ id }) => id)).toEqual(upTo(5));
    expect(reader.events.map(({ event }) => event).slice(-2)).toEqual([
      'step_started',
      'goal_ended',
    ]);
    expect(JSON.parse(reader.events[1]?.data ?? '')).toEqual({ goalId, ...eventOf(2) });
    // Whoever comes back has nothing to wait for.
    const again = open(goalPath(goalId), '5');
    await again.ended;
    expect([again.status, again.events]).toEqual([204, []]);
    const late = open(`${goalPath(goalId)}?after=3`);
    await late.ended;
    expect(late.events.map(({ id }) => id)).toEqual(['4', '5']);
  });

  it('sends each event once, in order, over 200 connections cut at random', async () => {
    const goalId = await goalOf();
    const total = 600;
    const writing = (async () => {
      for (let number = 1; number < total;) {
        // As steps that run side by side do: the later publication may come first.
        const size = 1 + Math.floor(Math.random() * 6);
        const batch = upTo(total - 1)
          .map(Number)
          .slice(number - 1, number - 1 + size);
        const half = Math.floor(batch.length / 2);
        await publish(goalId, ...batch.slice(half));
        if (half > 0) await publish(goalId, ...batch.slice(0, half));
        number += size;
        await sleep(Math.random() * 30);
      }
      await end(goalId, total);
    })();
    const seen = await readWithCuts(goalPath(goalId), 200, total);
    await writing;
    const { rows } = await pool.query(
      'select number, type from journal_events where goal_id = $1 order by number',
      [goalId],
    );
    expect(seen.map(({ number, type }) => ({ number, type }))).toEqual(rows);
    expect(rows).toHaveLength(total);
  }, 60_000);

  it('goes on behind the last id when the api is restarted', async () => {
    const goalId = await goalOf();
    await publish(goalId, 1, 2, 3);
    const before = open(goalPath(goalId));
    await before.until(3);
    const began = performance.now();
    await app.close();
    await before.ended;
    expect(performance.now() - began).toBeLessThan(3_000);
    await publish(goalId, 4);
    await start();
    const after = open(goalPath(goalId), before.lastId);
    expect((await after.until(1)).map(({ id }) => id)).toEqual(['4']);
  });

  it('is not there for anybody else, and refuses an id that is none', async () => {
    const goalId = await goalOf();
    await publish(goalId, 1);
    const paths: [string, string | undefined, keyof typeof tokens, number][] = [
      [goalPath(goalId), undefined, bob, 404],
      [goalPath(newGoalId()), undefined, alice, 404],
      [goalPath(goalId), 'x', alice, 422],
      [`${goalPath(goalId)}?after=-1`, undefined, alice, 422],
      ['/v1/events?after=nonsense', undefined, alice, 422],
    ];
    for (const [path, lastId, who, status] of paths) {
      const reader = open(path, lastId, who);
      await reader.ended;
      expect([path, reader.status]).toEqual([path, status]);
    }
    expect((await fetch(`${url}${goalPath(goalId)}`)).status).toBe(401);
  });
});

describe('the stream of the inbox', () => {
  it('sends what happens to all goals of the owner from now on, each event once over cuts', async () => {
    const goalIds = [await goalOf(), await goalOf(), await goalOf(), await goalOf(bob)];
    await publish(goalIds[0] ?? '', 1);
    const first = open('/v1/events');
    await expect.poll(() => first.lastId, soon).toBeDefined();
    await first.cut();
    const writing = (async () => {
      for (let number = 2; number <= 100; number += 1) {
        await Promise.all(goalIds.map((goalId) => publish(goalId, number)));
        await sleep(Math.random() * 20);
      }
    })();
    const seen: GoalEvent[] = [];
    let { lastId } = first;
    for (let cut = 0; seen.length < 297; cut += 1) {
      const reader = open('/v1/events', lastId);
      await (cut < 100 ? sleep(Math.random() * 25) : reader.until(297 - seen.length));
      await reader.cut();
      seen.push(...reader.events.map(({ data }) => JSON.parse(data) as GoalEvent));
      ({ lastId } = reader);
    }
    await writing;
    for (const goalId of goalIds.slice(0, 3)) {
      const mine = seen.filter((event) => event.goalId === goalId).map(({ number }) => number);
      expect(mine).toEqual(Array.from({ length: 99 }, (_, i) => i + 2));
    }
    expect(seen).toHaveLength(297);
  }, 60_000);

  it('says `reset` after the journal was rebuilt, to readers connected and to those who return', async () => {
    const goalId = await goalOf();
    const reader = open('/v1/events');
    await expect.poll(() => reader.lastId, soon).toBeDefined();
    await publish(goalId, 1);
    await reader.until(1);
    const old = reader.lastId;
    const client = await pool.connect();
    await client.query('begin');
    await client.query('truncate journal_events');
    await client.query(
      `insert into journal_events (goal_id, number, at, type, step_id, data)
       values ($1, 1, now(), 'step_started', null, '{}')`,
      [goalId],
    );
    await client.query('commit');
    client.release();
    await reader.until(2);
    const back = open('/v1/events', old);
    await back.until(1);
    await publish(goalId, 2);
    await Promise.all([reader.until(3), back.until(2)]);
    expect(reader.events.map(({ event }) => event)).toEqual([
      'step_started',
      'reset',
      'step_started',
    ]);
    expect(back.events.map(({ event }) => event)).toEqual(['reset', 'step_started']);
    expect(JSON.parse(back.events[1]?.data ?? '')).toMatchObject({ goalId, number: 2 });
  });
});

describe('every stream', () => {
  it('is kept alive by comments, and answers HEAD without opening', async () => {
    await app.close();
    await start({ keepAliveMs: 30, perOwner: 1 });
    const path = goalPath(await goalOf());
    const head = await fetch(`${url}${path}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${tokens[alice]}` },
    });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    const reader = open(path);
    await expect.poll(() => reader.comments, soon).toBeGreaterThan(3);
  });

  it('counts: more than an owner may have are refused until one is closed', async () => {
    await app.close();
    await start({ perOwner: 2 });
    const path = goalPath(await goalOf());
    const [first, second] = [open(path), open('/v1/events')];
    await expect.poll(() => [first.status, second.status], soon).toEqual([200, 200]);
    const third = open(path);
    await third.ended;
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '5']);
    const other = open('/v1/events', undefined, bob);
    await expect.poll(() => other.status, soon).toBe(200);
    await first.cut();
    await expect
      .poll(async () => {
        const again = open(path);
        while (again.status === 0) await sleep(5);
        await again.cut();
        return again.status;
      }, soon)
      .toBe(200);
  });

  it('is closed when its reader takes nothing, holding a page and no more', async () => {
    await app.close();
    await start({ slowReaderMs: 300 });
    const goalId = await goalOf();
    const filler = { text: 'x'.repeat(1_900) };
    for (let page = 0; page < 60; page += 1) {
      const numbers = Array.from({ length: 100 }, (_, i) => page * 100 + i + 1);
      const events = numbers.map((number) => ({ ...eventOf(number), data: filler }));
      await publishEvents(pool, goalId, events);
    }
    const { hostname, port } = new URL(url);
    const socket: Socket = createConnection(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    const reads: number[] = [];
    const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
    pool.query = ((...args: unknown[]) => {
      if (String(args[0]).includes('lastNumber')) reads.push(Date.now());
      return query(...args);
    }) as typeof pool.query;
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `GET ${goalPath(goalId)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokens[alice]}\r\n\r\n`,
    );
    await expect.poll(() => reads.length, soon).toBeGreaterThan(1);
    // The kernel takes some megabytes; then reading stops, and the stream is given up.
    const connections = () =>
      new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
    await expect.poll(connections, { timeout: 30_000 }).toBe(0);
    pool.query = query as typeof pool.query;
    expect(reads.length).toBeLessThan(60);
    socket.destroy();
    const reader = open(goalPath(goalId), '5990');
    expect(await reader.until(10)).toHaveLength(10);
  });
});
