/** Starting, reading, cancelling and answering goals over HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reconcileStarts } from '#api/goals/start-goal.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import type { GoalView } from '#contracts/goal.ts';
import { alice, bob, createFixture, type Fixture, viewOf } from './api-fixture.ts';

let api: Fixture;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query('truncate goals, idempotency_keys, cancellations, people');
  Object.assign(api.temporal, { down: false, started: [], cancelled: [], open: true });
  api.temporal.views.clear();
});

const post = (who: string, payload: object, headers: Record<string, string> = {}) =>
  api.request(who, { method: 'POST', url: '/v1/goals', payload, headers });
const body = { goal: 'Find 30 minutes with Bob and Carla next week and invite them' };

async function publish(goalId: string, changes: Partial<GoalView>) {
  const view = viewOf(goalId, alice, changes);
  await api.database.pool.query(
    'update goals set state = $2, view = $3, journal_number = 1 where goal_id = $1',
    [goalId, view.state, JSON.stringify(view)],
  );
  api.temporal.views.set(goalId, view);
}

describe('starting a goal', () => {
  it('answers 202 with an id, the state and links, and hands the checked goal to Temporal', async () => {
    const answer = await post(alice, { ...body, policy: { approvalExpiresMs: 5_000 } });
    expect(answer.statusCode).toBe(202);
    const { id, state, links } = answer.json();
    expect(id).toMatch(/^[0-9a-z]{26}$/);
    expect(state).toBe('planning');
    expect(answer.headers.location).toBe(links.self);
    expect(api.temporal.started).toMatchObject([
      { goalId: id, owner: alice, zone: 'Europe/Berlin', mode: 'live', goal: body.goal },
    ]);
    expect(api.temporal.started[0]?.timers.approvalExpiresMs).toBe(5_000);
    expect(api.temporal.started[0]?.policy).not.toHaveProperty('approvalExpiresMs');
  });

  it("uses the zone the directory has for the owner's own address", async () => {
    const workingHours = { days: [1], start: '09:00', end: '17:00' };
    const me = { email: alice, name: 'Alice', zone: 'America/New_York', workingHours };
    await api.request(alice, { method: 'PUT', url: '/v1/people', payload: { people: [me] } });
    await post(alice, body);
    expect(api.temporal.started[0]?.zone).toBe('America/New_York');
  });

  it('starts one goal for 50 parallel requests with one key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post(alice, body, { 'idempotency-key': 'one' })),
    );
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([202]));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    expect(api.temporal.started).toHaveLength(1);
    const { rows } = await api.database.pool.query('select count(*)::int as n from goals');
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('refuses the same key with another body, and takes it from another person', async () => {
    await post(alice, body, { 'idempotency-key': 'k' });
    const other = await post(alice, { goal: 'Something else' }, { 'idempotency-key': 'k' });
    expect(other.statusCode).toBe(422);
    expect(other.json().type).toBe('urn:adjutant:problem:idempotency-key-reused');
    expect((await post(bob, body, { 'idempotency-key': 'k' })).statusCode).toBe(202);
    expect(api.temporal.started).toHaveLength(2);
  });

  it('starts two goals for two requests without a key', async () => {
    await post(alice, body);
    await post(alice, body);
    expect(api.temporal.started).toHaveLength(2);
  });

  it.each(['', 'with space', 'ä', 'x'.repeat(256)])('refuses the key %j', async (key) => {
    const answer = await post(alice, body, { 'idempotency-key': key });
    expect(answer.statusCode).toBe(400);
    expect(api.temporal.started).toHaveLength(0);
  });

  it('keeps a goal with a key while Temporal is away; the reconciler starts it under its id', async () => {
    api.temporal.down = true;
    const away = await post(alice, body, { 'idempotency-key': 'later' });
    expect(away.statusCode).toBe(503);
    expect(Number(away.headers['retry-after'])).toBeGreaterThan(0);
    api.temporal.down = false;
    const deps = { goals: createGoalStore(api.database.pool), goalClient: api.temporal };
    expect(await reconcileStarts(deps, 0)).toBe(1);
    expect(await reconcileStarts(deps, 0)).toBe(0);
    const again = await post(alice, body, { 'idempotency-key': 'later' });
    expect(again.statusCode).toBe(202);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(api.temporal.started.map(({ goalId }) => goalId)).toEqual([again.json().id]);
  });

  it('starts the other kept goals when one of them is refused', async () => {
    api.temporal.down = true;
    await post(alice, { goal: 'The refused one' }, { 'idempotency-key': 'a' });
    await post(alice, body, { 'idempotency-key': 'b' });
    api.temporal.down = false;
    api.temporal.refuses = 'The refused one';
    const deps = { goals: createGoalStore(api.database.pool), goalClient: api.temporal };
    await expect(reconcileStarts(deps, 0)).rejects.toThrow('1 kept goals could not be started');
    expect(api.temporal.started.map(({ goal }) => goal)).toEqual([body.goal]);
    api.temporal.refuses = '';
    expect(await reconcileStarts(deps, 0)).toBe(1);
  });

  it("is repaired by the client's own retry as well", async () => {
    api.temporal.down = true;
    await post(alice, body, { 'idempotency-key': 'mine' });
    api.temporal.down = false;
    const again = await post(alice, body, { 'idempotency-key': 'mine' });
    expect(api.temporal.started.map(({ goalId }) => goalId)).toEqual([again.json().id]);
  });

  it('leaves nothing behind when Temporal is away and there is no key to ask again with', async () => {
    api.temporal.down = true;
    expect((await post(alice, body)).statusCode).toBe(503);
    const { rows } = await api.database.pool.query(
      'select goal_id from goals union all select goal_id from idempotency_keys',
    );
    expect(rows).toEqual([]);
  });

  it('waits with Prefer: wait until the goal needs a person, and no longer', async () => {
    const waiting = post(alice, body, { prefer: 'wait=20', 'idempotency-key': 'w' });
    await expect.poll(() => api.temporal.started.length).toBe(1);
    await publish(api.temporal.started[0]!.goalId, { state: 'awaiting_approval' });
    const answer = await waiting;
    expect(answer.json().state).toBe('awaiting_approval');
    expect(answer.headers['preference-applied']).toBe('wait=20');
  });

  it('answers after the time of Prefer: wait when nothing happens', async () => {
    const from = Date.now();
    const answer = await post(alice, body, { prefer: 'respond-async, wait=1' });
    expect(answer.json().state).toBe('planning');
    expect(Date.now() - from).toBeGreaterThanOrEqual(990);
    expect(Date.now() - from).toBeLessThan(5_000);
  });
});

describe('reading goals', () => {
  it('lists newest first, page by page, without gaps or repeats', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.unshift(await api.goal(alice, `Goal number ${i}`));
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 4 && cursor !== 'null'; page += 1) {
      const answer = await api.request(alice, {
        url: `/v1/goals?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      });
      const { goals, nextCursor } = answer.json();
      seen.push(...goals.map(({ id }: { id: string }) => id));
      cursor = String(nextCursor);
    }
    expect(seen).toEqual(ids);
    expect(cursor).toBe('null');
  });

  it('filters by one or several states', async () => {
    const done = await api.goal();
    await publish(done, { state: 'completed' });
    await api.goal();
    const urls = ['/v1/goals?state=completed', '/v1/goals?state=completed&state=planning'];
    const sizes = await Promise.all(
      urls.map(async (url) => (await api.request(alice, { url })).json().goals.length),
    );
    expect(sizes).toEqual([1, 2]);
  });

  it('answers with the live status while the goal runs', async () => {
    const id = await api.goal();
    api.temporal.views.set(id, viewOf(id, alice, { state: 'running' }));
    const answer = await api.request(alice, { url: `/v1/goals/${id}` });
    expect(answer.json()).toMatchObject({ id, state: 'running' });
    expect(answer.headers['adjutant-source']).toBe('live');
  });

  it('answers from the read model when no worker answers', async () => {
    const id = await api.goal();
    api.temporal.down = true;
    const answer = await api.request(alice, { url: `/v1/goals/${id}` });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().state).toBe('planning');
    expect(answer.headers['adjutant-source']).toBe('stored');
  });

  it('believes a state that travelled ahead of the read model, and asks for the report', async () => {
    const id = await api.goal();
    await api.database.pool.query(`update goals set state = 'completed' where goal_id = $1`, [id]);
    const [item] = (await api.request(alice, { url: '/v1/goals' })).json().goals;
    expect(item.state).toBe('completed');
    const report = { headline: 'Done.', done: [], findings: [], notDone: [], undone: [] };
    api.temporal.views.set(id, viewOf(id, alice, { state: 'completed', report }));
    const answer = await api.request(alice, { url: `/v1/goals/${id}` });
    expect(answer.json().report.headline).toBe('Done.');
  });

  it('finds a goal whose read model was dropped, for its owner only', async () => {
    const id = await api.goal();
    api.temporal.views.set(id, viewOf(id, alice));
    await api.database.pool.query('truncate goals');
    expect((await api.request(alice, { url: `/v1/goals/${id}` })).statusCode).toBe(200);
    expect((await api.request(bob, { url: `/v1/goals/${id}` })).statusCode).toBe(404);
  });

  it('pages through the journal and the audit of a goal', async () => {
    const id = await api.goal();
    await api.database.pool.query(
      `insert into journal_events (goal_id, number, at, type, step_id, data)
       select $1, n, now(), 'state_changed', null, '{}' from generate_series(1, 3) n`,
      [id],
    );
    await api.database.pool.query(
      `insert into audit_entries (owner, seq, goal_id, at, entry, previous_hash, hash)
       values ($1, 7, $2, now(), '{"kind":"effect"}', 'p', 'h')`,
      [alice, id],
    );
    const first = await api.request(alice, { url: `/v1/goals/${id}/journal?limit=2` });
    expect(first.json().events.map((e: { number: number }) => e.number)).toEqual([1, 2]);
    const { nextAfter } = first.json();
    const rest = await api.request(alice, {
      url: `/v1/goals/${id}/journal?limit=2&after=${nextAfter}`,
    });
    expect(rest.json()).toMatchObject({ events: [{ number: 3 }], nextAfter: null });
    const audit = await api.request(alice, { url: `/v1/goals/${id}/audit` });
    expect(audit.json().entries).toMatchObject([{ seq: 7, previousHash: 'p', hash: 'h' }]);
  });
});

describe('acting on a goal', () => {
  it('records a cancellation before Temporal is asked', async () => {
    const id = await api.goal();
    let recorded = 0;
    api.temporal.onCancel = async () => {
      const { rowCount } = await api.database.pool.query(
        'select 1 from cancellations where goal_id = $1',
        [id],
      );
      recorded = rowCount ?? 0;
    };
    const answer = await api.request(alice, { method: 'POST', url: `/v1/goals/${id}/cancel` });
    expect(answer.statusCode).toBe(202);
    expect(recorded).toBe(1);
    expect(api.temporal.cancelled).toEqual([id]);
  });

  it('keeps the cancellation while Temporal is away, so that no effect starts', async () => {
    const id = await api.goal();
    api.temporal.down = true;
    const answer = await api.request(alice, { method: 'POST', url: `/v1/goals/${id}/cancel` });
    expect(answer.statusCode).toBe(503);
    const { rowCount } = await api.database.pool.query('select 1 from cancellations');
    expect(rowCount).toBe(1);
  });

  it('refuses to cancel a goal that has ended', async () => {
    const id = await api.goal();
    await publish(id, { state: 'completed' });
    const answer = await api.request(alice, { method: 'POST', url: `/v1/goals/${id}/cancel` });
    expect(answer.statusCode).toBe(409);
    expect(answer.json().type).toBe('urn:adjutant:problem:goal-ended');
  });

  it('cancels a kept goal that never reached Temporal, for good', async () => {
    api.temporal.down = true;
    await post(alice, body, { 'idempotency-key': 'never' });
    api.temporal.down = false;
    api.temporal.open = false;
    const { goals } = (await api.request(alice, { url: '/v1/goals' })).json();
    const answer = await api.request(alice, {
      method: 'POST',
      url: `/v1/goals/${goals[0].id}/cancel`,
    });
    expect(answer.json()).toMatchObject({ state: 'cancelled' });
    const deps = { goals: createGoalStore(api.database.pool), goalClient: api.temporal };
    expect(await reconcileStarts(deps, 0)).toBe(0);
  });

  it.each([
    [{ applied: true, message: 'Answered.' }, 200],
    [{ applied: false, message: 'No question is open.' }, 409],
    ['no_answer', 202],
    ['ended', 409],
  ] as const)('answers %j of a goal with %i', async (outcome, status) => {
    const id = await api.goal();
    api.temporal.answerOutcome = outcome;
    const answer = await api.request(alice, {
      method: 'POST',
      url: `/v1/goals/${id}/answers`,
      payload: { answers: [{ questionId: 'who', answer: 'Bob Baker' }] },
    });
    expect(answer.statusCode).toBe(status);
  });
});
