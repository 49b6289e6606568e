/** Connecting a Microsoft account against the sandbox's sign-in: code, PKCE, state, rotation. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGuardedFetch } from '#activities/egress.ts';
import { microsoftScopes, microsoftSignIn } from '#activities/microsoft/connect.ts';
import { renewTokens } from '#activities/microsoft/tokens.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';

const carla = 'carla.rossi@office.example.com';
const redirectUri = 'http://127.0.0.1:9/callback';
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

const options = () => ({
  rootUrl: sandbox.url,
  authorityUrl: `${sandbox.url}/microsoft`,
  clientId: 'adjutant',
  clientSecret: 'not-a-secret',
  fetch: createGuardedFetch('sandbox'),
  timeoutMs: 5_000,
});

/** Consents as somebody and gives what the browser would bring back. */
async function consent(loginHint: string): Promise<{ verifier: string; back: URL }> {
  const flow = microsoftSignIn(options());
  const { url, verifier } = await flow.consent({ redirectUri, state: 'its-state', loginHint });
  const answer = await fetch(url, { redirect: 'manual' });
  return { verifier, back: new URL(answer.headers.get('location')!) };
}

it('asks for what it needs and no more, with PKCE, state and a choice of account', async () => {
  const { url } = await microsoftSignIn(options()).consent({ redirectUri, state: 's' });
  const asked = new URL(url).searchParams;
  expect(asked.get('scope')?.split(' ')).toEqual(microsoftScopes);
  expect(asked.get('scope')).not.toContain('openid');
  expect(asked.get('code_challenge_method')).toBe('S256');
  expect(asked.get('prompt')).toBe('select_account');
  expect(asked.get('state')).toBe('s');
});

it('redeems the code for a refresh token that works, and knows whose account it is', async () => {
  const { verifier, back } = await consent(carla);
  expect(back.searchParams.get('state')).toBe('its-state');
  const code = back.searchParams.get('code')!;
  const flow = microsoftSignIn(options());
  const account = await flow.redeem({ code, verifier, redirectUri });
  expect(account.email).toBe(carla);
  const renewed = await renewTokens(options(), carla, account.refreshToken);
  expect(renewed.expiresAt.getTime()).toBeGreaterThan(Date.now());
  expect(renewed.refreshToken).not.toBe(account.refreshToken);
  expect(flow.revoke).toBeNull();
  const again = flow.redeem({ code, verifier, redirectUri });
  await expect(again).rejects.toMatchObject({ type: 'ReconnectRequiredError' });
});

it('refuses a code of another request', async () => {
  const { back } = await consent(carla);
  const other = await consent(carla);
  const code = back.searchParams.get('code')!;
  const redeemed = microsoftSignIn(options()).redeem({
    code,
    verifier: other.verifier,
    redirectUri,
  });
  await expect(redeemed).rejects.toMatchObject({ type: 'ReconnectRequiredError' });
});
