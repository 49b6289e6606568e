/** The real OAuth client against the sandbox, and the wire contract of what is refused. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connect } from './sandbox-clients.ts';
import { readContract, toJsonSchema } from './vendors.ts';

let sandbox: Sandbox;
let nowMs = Date.parse('2026-10-07T08:00:00Z');

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(nowMs) });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

const token = async (form: Record<string, string>) => {
  const answer = await fetch(`${sandbox.url}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
};
const consent = async (query: Record<string, string>) => {
  const url = `${sandbox.url}/auth?${new URLSearchParams({ redirect_uri: 'http://127.0.0.1/callback', ...query }).toString()}`;
  const answer = await fetch(url, { redirect: 'manual' });
  return new URL(answer.headers.get('location')!).searchParams;
};

it('refreshes through the real client and knows whose token it is', async () => {
  const { auth } = connect(sandbox, 'bob.keller@office.example.com');
  const { token: access } = await auth.getAccessToken();
  const info = await fetch(`${sandbox.url}/tokeninfo?access_token=${access!}`);
  expect(await info.json()).toMatchObject({ email: 'bob.keller@office.example.com' });
});

it('answers an unknown refresh token with invalid_grant', async () => {
  const answer = await token({
    grant_type: 'refresh_token',
    refresh_token: 'sandbox-refresh-x@y.z',
  });
  expect(answer).toEqual({
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
  });
});

it('takes a code once and only with the verifier of its challenge', async () => {
  const verifier = 'a-verifier-that-is-long-enough-for-the-standard-0123';
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = { code_challenge: challenge, code_challenge_method: 'S256', state: 's1' };
  const stolen = (await consent(query)).get('code')!;
  const form = { grant_type: 'authorization_code', code: stolen };
  expect((await token({ ...form, code_verifier: 'wrong' })).status).toBe(400);
  const back = await consent(query);
  expect(back.get('state')).toBe('s1');
  const good = {
    grant_type: 'authorization_code',
    code: back.get('code')!,
    code_verifier: verifier,
  };
  expect((await token(good)).body.refresh_token).toBe(
    `sandbox-refresh-${sandbox.office.main.email}`,
  );
  expect((await token(good)).body.error).toBe('invalid_grant');
});

it('answers 401 exactly once the token has expired, and after the grant is revoked', async () => {
  const refresh = {
    grant_type: 'refresh_token',
    refresh_token: 'sandbox-refresh-priya.nair@office.example.com',
  };
  const { body } = await token(refresh);
  const list = async () =>
    fetch(`${sandbox.url}/calendar/v3/users/me/calendarList`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
  expect((await list()).status).toBe(200);
  nowMs += 3_600_000;
  const expired = await list();
  expect(expired.status).toBe(401);
  expect(await expired.json()).toEqual({
    error: {
      errors: [
        {
          domain: 'global',
          reason: 'authError',
          message: 'Invalid Credentials',
          locationType: 'header',
          location: 'Authorization',
        },
      ],
      code: 401,
      message: 'Invalid Credentials',
    },
  });
  expect(
    (await fetch(`${sandbox.url}/revoke?token=${refresh.refresh_token}`, { method: 'POST' }))
      .status,
  ).toBe(200);
  expect((await token(refresh)).body.error).toBe('invalid_grant');
});

it('notices a misspelt field in an answer and an unknown parameter in a request', () => {
  const contract = readContract('google-calendar-v3');
  const exchange = {
    method: 'GET',
    url: 'http://127.0.0.1/calendar/v3/calendars/primary/events/abcde',
    requestBody: '',
    status: 200,
    responseBody: JSON.stringify({ id: 'abcde', sumary: 'Coffee' }),
  };
  expect(contract.violations(exchange).join()).toMatch(/additional properties/);
  const fixed = { ...exchange, responseBody: JSON.stringify({ id: 'abcde', summary: 'Coffee' }) };
  expect(contract.violations(fixed)).toEqual([]);
  expect(contract.violations({ ...fixed, url: `${fixed.url}?timezone=UTC` }).join()).toMatch(
    /timezone/,
  );
  expect(
    contract.violations({ ...fixed, url: 'http://127.0.0.1/calendar/v3/nothing' }).join(),
  ).toMatch(/no published method/);
});

it('notices a misspelt field in what a real client sends', async () => {
  const clients = connect(sandbox);
  const requestBody = { sumary: 'Coffee' } as object;
  await clients.calendar.events
    .insert({ calendarId: 'primary', requestBody })
    .catch(() => undefined);
  expect(clients.violations.join()).toMatch(/request: .*additional properties/);
});

it('keeps digits of 64-bit numbers as strings when it converts a schema', () => {
  const schema = toJsonSchema({ properties: { size: { type: 'string', format: 'int64' } } });
  expect(schema).toEqual({
    properties: { size: { type: 'string', pattern: '^-?\\d+$' } },
    additionalProperties: false,
  });
});
