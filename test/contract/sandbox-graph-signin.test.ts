/** Microsoft's sign-in in the sandbox: consent, codes, rotation, and what a token permits. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { accessToken } from './graph-clients.ts';
import { connect, refusal } from './sandbox-clients.ts';

const carlaEmail = 'carla.rossi@office.example.com';
const privateEmail = 'alex@morgan-family.example.org';
const redirect = 'http://127.0.0.1/callback';

let nowMs = Date.parse('2026-10-07T08:00:00Z');
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(nowMs) });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

const verifier = 'v'.repeat(43);
const scope = 'openid offline_access Calendars.ReadWrite https://graph.microsoft.com/User.Read';
const consent = async (extra: Record<string, string> = {}): Promise<URL> => {
  const address = new URL(`${sandbox.url}/microsoft/oauth2/v2.0/authorize`);
  address.search = new URLSearchParams({
    client_id: 'adjutant',
    response_type: 'code',
    redirect_uri: redirect,
    scope,
    state: 'some state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  }).toString();
  const answer = await fetch(address, { redirect: 'manual' });
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location')!);
};
const token = async (form: Record<string, string>) => {
  const answer = await fetch(`${sandbox.url}/microsoft/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'adjutant', client_secret: 'not-a-secret', ...form }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
};
const redeem = async (extra: Record<string, string> = {}, asked: Record<string, string> = {}) => {
  const code = (await consent(asked)).searchParams.get('code')!;
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
  };
  return token({ ...form, ...extra });
};
const mail = async (access: string) => {
  const answer = await fetch(`${sandbox.url}/v1.0/me?$select=mail`, {
    headers: { authorization: `Bearer ${access}` },
  });
  return answer.ok ? ((await answer.json()) as { mail: string }).mail : answer.status;
};

it('gives the main person’s private account, or whoever is hinted at, with the state untouched', async () => {
  expect((await consent()).searchParams.get('state')).toBe('some state');
  const { body } = await redeem();
  expect(body).toMatchObject({
    token_type: 'Bearer',
    scope: 'openid Calendars.ReadWrite https://graph.microsoft.com/User.Read',
    expires_in: 3599,
  });
  expect(await mail(body.access_token!)).toBe(privateEmail);
  const hinted = await redeem({}, { login_hint: carlaEmail });
  expect(await mail(hinted.body.access_token!)).toBe(carlaEmail);
});

it('rotates refresh tokens and lets the older ones go on working', async () => {
  const first = (await redeem()).body.refresh_token!;
  const refresh = async (refresh_token: string) =>
    (await token({ grant_type: 'refresh_token', refresh_token })).body;
  const second = (await refresh(first)).refresh_token!;
  expect(second).not.toBe(first);
  expect((await refresh(first)).refresh_token).not.toBe(second);
  expect(await mail((await refresh(second)).access_token!)).toBe(privateEmail);
});

it('gives no refresh token without offline_access', async () => {
  const { body } = await redeem({}, { scope: 'User.Read' });
  expect(body.access_token).toBeDefined();
  expect(body.refresh_token).toBeUndefined();
});

it.each([
  ['a wrong verifier', { code_verifier: 'w'.repeat(43) }, 50148],
  ['another redirect', { redirect_uri: 'http://127.0.0.1/other' }, 500112],
  ['an unknown code', { code: 'M.nothing' }, 54005],
])('refuses %s', async (_what, form, number) => {
  const { status, body } = await redeem(form);
  expect([status, body.error, body.error_codes]).toEqual([400, 'invalid_grant', [number]]);
  expect(body.error_description).toMatch(new RegExp(`^AADSTS${number}: .+ Trace ID: `));
});

it('refuses a client without its secret', async () => {
  const { status, body } = await redeem({ client_secret: '' });
  expect([status, body.error]).toEqual([401, 'invalid_client']);
});

it('ends every grant when the sessions are revoked, until consent is given again', async () => {
  const { body } = await redeem();
  const answer = await fetch(`${sandbox.url}/v1.0/me/revokeSignInSessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${body.access_token}` },
  });
  expect(answer.status).toBe(200);
  expect(await mail(body.access_token!)).toBe(401);
  const again = await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token! });
  expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
  expect(await mail((await redeem()).body.access_token!)).toBe(privateEmail);
});

it('lets a token do only what was consented to, only at this vendor and only for an hour', async () => {
  const narrow = (await redeem({}, { scope: 'User.Read', login_hint: carlaEmail })).body
    .access_token!;
  const events = async (access: string) =>
    (
      await fetch(`${sandbox.url}/v1.0/me/events`, {
        headers: { authorization: `Bearer ${access}` },
      })
    ).status;
  expect(await events(narrow)).toBe(403);
  const whole = await accessToken(sandbox, carlaEmail);
  expect(await events(whole)).toBe(200);
  const list = `${sandbox.url}/calendar/v3/users/me/calendarList`;
  expect((await fetch(list, { headers: { authorization: `Bearer ${whole}` } })).status).toBe(401);
  const google = connect(sandbox, carlaEmail).calendar.calendarList.list();
  expect(await refusal(google).catch(() => 'no token')).toBe('no token');
  nowMs += 3_600_000;
  expect(await events(whole)).toBe(401);
});
