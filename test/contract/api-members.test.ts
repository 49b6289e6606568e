/** Members over HTTP: what a member sees and decides, and that everything else stays the owner's. */
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  alice,
  approvalOf,
  bob,
  createFixture,
  digest,
  type Fixture,
  tone,
} from './api-fixture.ts';

const deputy = 'dora@example.com';
let api: Fixture;
let token: string;
let goalId: string;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query('truncate approvals, members');
  api.temporal.decisions = [];
  api.temporal.outcomes.clear();
  goalId = await api.goal();
  await put(['deputy']);
  token = await newToken();
});

const url = `/v1/members/${deputy}`;
const put = (roles: string[]) =>
  api.request(alice, { method: 'PUT', url, payload: { name: 'Dora', roles } });
const newToken = async () =>
  (await api.request(alice, { method: 'POST', url: `${url}/token` })).json().token as string;
const asMember = (options: InjectOptions) =>
  api.app.inject({ ...options, headers: { authorization: `Bearer ${token}` } });
const seen = async () =>
  (await asMember({ url: '/v1/approvals' }))
    .json()
    .approvals.map(({ stepId }: { stepId: string }) => stepId);

describe('the members of an owner', () => {
  it('are added, changed, listed and removed by the owner alone', async () => {
    const [listed] = (await api.request(alice, { url: '/v1/members' })).json().members;
    expect(listed).toMatchObject({
      email: deputy,
      name: 'Dora',
      roles: ['deputy'],
      hasToken: true,
    });
    expect((await api.request(bob, { url: '/v1/members' })).json().members).toEqual([]);
    expect((await api.request(bob, { url })).statusCode).toBe(404);
    expect((await api.request(bob, { method: 'DELETE', url })).statusCode).toBe(404);
    const removed = await api.request(alice, { method: 'DELETE', url });
    expect(removed.json().members).toEqual([]);
    expect((await api.request(alice, { method: 'DELETE', url })).statusCode).toBe(404);
  });

  it.each([
    ['the owner themselves', `/v1/members/${alice}`, { name: 'A', roles: [] }, 422],
    ['the role of the owner', url, { name: 'A', roles: ['owner'] }, 422],
    ['a role in another form', url, { name: 'A', roles: ['Big Boss'] }, 422],
    ['an address that is none', '/v1/members/nobody', { name: 'A', roles: [] }, 404],
  ])('are refused with %s', async (_name, where, payload, status) => {
    const answer = await api.request(alice, { method: 'PUT', url: where, payload });
    expect(answer.statusCode).toBe(status);
  });

  it('have a token that is shown once, kept as its hash, and ended by the next one', async () => {
    const { rows } = await api.database.pool.query('select * from members');
    expect(JSON.stringify(rows)).not.toContain(token);
    const earlier = token;
    token = await newToken();
    expect(await seen()).toEqual([]);
    token = earlier;
    expect((await asMember({ url: '/v1/approvals' })).statusCode).toBe(401);
  });

  it('lose their token with their membership, at once', async () => {
    await api.request(alice, { method: 'DELETE', url });
    expect((await asMember({ url: '/v1/approvals' })).statusCode).toBe(401);
  });
});

describe('a member', () => {
  beforeEach(async () => {
    await api.approval(goalId, approvalOf(goalId, 'other'));
    await api.approval(goalId, { ...approvalOf(goalId, 'mine'), assignedTo: deputy });
    await api.approval(goalId, { ...approvalOf(goalId, 'escalated'), assignedRole: 'deputy' });
    await api.approval(goalId, { ...approvalOf(goalId, 'pair'), requiredDecisions: 2 });
  });

  it('sees in the queue what is theirs to decide, and the owner sees all', async () => {
    expect((await seen()).toSorted()).toEqual(['escalated', 'mine']);
    await put(['second']);
    expect((await seen()).toSorted()).toEqual(['mine', 'pair']);
    const all = (await api.request(alice, { url: '/v1/approvals' })).json().approvals;
    expect(all).toHaveLength(4);
  });

  it('decides under their own name, and others are not there for them', async () => {
    const decide = (stepId: string) =>
      asMember({
        method: 'POST',
        url: `/v1/approvals/${goalId}.${stepId}.1/decision`,
        payload: { digest, verdict: 'approve' },
      });
    expect((await decide('mine')).statusCode).toBe(200);
    expect(api.temporal.decisions.map(({ actor }) => actor)).toEqual([deputy]);
    expect((await decide('other')).statusCode).toBe(404);
    expect((await decide('pair')).statusCode).toBe(404);
    expect((await asMember({ url: `/v1/approvals/${goalId}.other.1` })).statusCode).toBe(404);
    expect(api.temporal.decisions).toHaveLength(1);
  });

  it('is refused every other route of the document', async () => {
    const document = (await api.request(null, { url: '/openapi.json' })).json();
    const open = /^\/v1\/approvals/;
    for (const [path, methods] of Object.entries<object>(document.paths)) {
      if (!path.startsWith('/v1/') || open.test(path)) continue;
      for (const method of Object.keys(methods)) {
        const where = path.replace('{id}', goalId).replace(/\{(?:email|account|sender)\}/, deputy);
        const { body } = samples[`${method} ${path}`] ?? { body: {} };
        const answer = await asMember({
          method: method as 'GET',
          url: where,
          ...(method === 'get' || method === 'delete' ? {} : { payload: body }),
        });
        expect([method, path, answer.statusCode]).toEqual([method, path, 403]);
      }
    }
    expect(api.temporal.controls).toEqual([]);
  });
});

/** Bodies that are valid, so that nothing but the missing right refuses them. */
const plan = { reasoning: '', estimatedComplexity: 'low', steps: [] };
const samples: Record<string, { body: object }> = {
  'patch /v1/triage/{account}/{messageId}': { body: { class: 'fyi' } },
  'put /v1/triage/senders/{sender}': { body: { drafts: true } },
  'post /v1/goals': { body: { goal: 'Invite Bob' } },
  'post /v1/goals/{id}/answers': { body: { answers: [{ questionId: 'a', answer: 'b' }] } },
  'post /v1/goals/{id}/steer': { body: { instruction: 'Rather on Tuesday' } },
  'put /v1/goals/{id}/plan': { body: { expectedRevision: 1, plan } },
  'post /v1/goals/{id}/plan': { body: { expectedRevision: 1, plan } },
  'put /v1/people': { body: { people: [] } },
  'patch /v1/accounts/{email}': { body: { isDefault: true } },
  'post /v1/documents': { body: { name: 'a.txt', contentBase64: 'aGk=' } },
  'put /v1/accounts/{email}/signature': { body: { signature: 'Alice' } },
  'put /v1/tone': { body: tone },
  'put /v1/members/{email}': { body: { name: 'Dora', roles: ['second'] } },
  'post /v1/webhooks': { body: { url: 'https://receiver.example/hook' } },
  'post /v1/rules': { body: { approvalId: 'x', expiresInDays: 1, dailyCap: 1 } },
};

describe('handing on', () => {
  it('sends whom it is for, in lower case and signed', async () => {
    const { approvalId } = await api.approval(goalId);
    const answer = await api.request(alice, {
      method: 'POST',
      url: `/v1/approvals/${approvalId}/decision`,
      payload: { digest, verdict: 'delegate', to: 'Dora@Example.com' },
    });
    expect([answer.statusCode, answer.json().approval.state]).toEqual([200, 'pending']);
    expect(api.temporal.decisions[0]).toMatchObject({ verdict: 'delegate', to: deputy });
  });
});
