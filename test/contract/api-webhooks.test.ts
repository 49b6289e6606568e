/** Webhooks over HTTP: who may see and change them, and what is shown once. */
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '#contracts/limits.ts';
import { alice, bob, createFixture, type Fixture } from './api-fixture.ts';

let api: Fixture;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.database.pool.query('delete from webhook_endpoints'));

const url = 'https://receiver.example/hook';
async function call(who: string | null, method: InjectOptions['method'], path = '', body?: object) {
  const options = { method: method ?? 'GET', url: `/v1/webhooks${path}` };
  const payload = body === undefined ? {} : { payload: body };
  const answer = await api.request(who, { ...options, ...payload });
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
}

describe('a webhook', () => {
  it('shows its secret once, when it is made, and never keeps it in clear', async () => {
    const made = await call(alice, 'POST', '', { url, eventTypes: ['goal.goal_ended'] });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      url,
      eventTypes: ['goal.goal_ended'],
      state: 'enabled',
      reason: null,
      previousSecretExpiresAt: null,
    });
    const { id, secret } = made.body;
    expect(Buffer.from(secret.replace('whsec_', ''), 'base64')).toHaveLength(32);
    const [list, one] = [await call(alice, 'GET'), await call(alice, 'GET', `/${id}`)];
    expect(list.body.webhooks).toHaveLength(1);
    expect(one.body).toMatchObject({ id, deliveries: [] });
    const { rows } = await api.database.pool.query('select * from webhook_endpoints');
    for (const text of [JSON.stringify([list, one]), JSON.stringify(rows)]) {
      expect(text).not.toContain(secret.slice(6, 30));
    }
  });

  it('gets another secret, and says until when the one before signs too', async () => {
    const { body } = await call(alice, 'POST', '', { url });
    const rotated = await call(alice, 'POST', `/${body.id}/rotate-secret`, {});
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(body.secret);
    const leftMs = Date.parse(rotated.body.previousSecretExpiresAt) - Date.now();
    expect(Math.abs(leftMs - limits.webhookRotationMs)).toBeLessThan(60_000);
  });

  it('is not there for anybody else, whatever they try', async () => {
    const { body } = await call(alice, 'POST', '', { url });
    const { id } = body;
    const tries: [InjectOptions['method'], string, object?][] = [
      ['GET', `/${id}`],
      ['DELETE', `/${id}`],
      ['POST', `/${id}/rotate-secret`, {}],
      ['POST', `/${id}/enable`, {}],
    ];
    for (const [method, path, payload] of tries) {
      expect([path, (await call(bob, method, path, payload)).status]).toEqual([path, 404]);
      expect([path, (await call(null, method, path, payload)).status]).toEqual([path, 401]);
    }
    expect((await call(bob, 'GET')).body.webhooks).toEqual([]);
    expect((await call(alice, 'DELETE', `/${id}`)).status).toBe(204);
    expect((await call(alice, 'DELETE', `/${id}`)).status).toBe(404);
  });

  it('needs an address and kinds that can be meant', async () => {
    const wrong = [
      {},
      { url: 'ftp://receiver.example/' },
      { url: 'javascript:alert(1)' },
      { url: 'https://user:secret@receiver.example/' },
      { url: `https://receiver.example/${'x'.repeat(limits.urlMaxChars)}` },
      { url, eventTypes: [] },
      { url, eventTypes: ['step_started'] },
      { url, secret: 'whsec_mine' },
    ];
    for (const body of wrong) {
      expect([body, (await call(alice, 'POST', '', body)).status]).toEqual([body, 422]);
    }
  });

  it('is one of at most so many for each owner', async () => {
    for (let i = 0; i < limits.webhooksPerOwner; i += 1) {
      expect((await call(alice, 'POST', '', { url })).status).toBe(201);
    }
    const more = await call(alice, 'POST', '', { url });
    expect([more.status, more.body.type]).toEqual([409, 'urn:adjutant:problem:too-many-webhooks']);
    expect((await call(bob, 'POST', '', { url })).status).toBe(201);
  });
});
