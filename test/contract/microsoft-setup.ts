/** The real Microsoft clients of the product, connected to a sandbox, with accounts kept in memory. */
import { type Accounts, createAccounts } from '#activities/accounts.ts';
import type { Account, CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createMicrosoftEmail } from '#activities/email/microsoft.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { createMicrosoftClients, type MicrosoftClients } from '#activities/microsoft/client.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import { type AccessToken, isLasting } from '#activities/token-renewal.ts';
import type { Sandbox } from '#infra/sandbox/server.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { readGraphContract } from './graph-contract.ts';

/** What tests of the Microsoft connectors use. */
export interface MicrosoftSetup {
  clients: MicrosoftClients;
  accounts: Accounts;
  /** The account is the owner's own unless told. */
  email: (owner: string, account?: string) => Promise<EmailPort>;
  /** What of the exchanges so far Graph's published contract does not allow. */
  violations: string[];
  /** Everything sent so far, in order: `POST /me/messages`. */
  requests: string[];
}

/** Connects whoever of the sandbox's office is at Microsoft. */
export function connectMicrosoft(
  sandbox: Sandbox,
  options: { timeoutMs?: number; health?: ProviderHealth } = {},
): MicrosoftSetup {
  const violations: string[] = [];
  const requests: string[] = [];
  const credentials = inMemory(sandbox);
  const clients = createMicrosoftClients({
    rootUrl: sandbox.url,
    authorityUrl: `${sandbox.url}/microsoft`,
    clientId: 'adjutant',
    clientSecret: 'not-a-secret',
    fetch: checkedFetch(violations, requests),
    credentials,
    health: options.health ?? alwaysCalls,
    timeoutMs: options.timeoutMs ?? 3_000,
  });
  return {
    clients,
    violations,
    requests,
    accounts: createAccounts(credentials),
    email: async (owner, account = owner) => createMicrosoftEmail(await clients(owner, account)),
  };
}

/** A store in memory in which everybody at Microsoft has one account there, their own address. */
function inMemory(sandbox: Sandbox): CredentialStore {
  const refreshTokens = new Map(
    sandbox.office.accounts
      .filter(({ vendor }) => vendor === 'microsoft')
      .map(({ email }) => [email, `sandbox-microsoft-refresh-${email}`]),
  );
  const tokens = new Map<string, AccessToken>();
  const connected = (owner: string, email: string): Account | undefined => {
    const refreshToken = owner === email ? refreshTokens.get(email) : undefined;
    if (refreshToken === undefined) return undefined;
    const fixed = { isDefault: true, label: null, scopes: [], connectedAt: new Date(0) };
    return { email, provider: 'microsoft', refreshToken, state: 'connected', ...fixed };
  };
  return {
    get: async (owner, account) => connected(owner, account),
    list: async (owner) => [connected(owner, owner)].filter((found) => found !== undefined),
    save: async (_owner, { email, refreshToken }) => void refreshTokens.set(email, refreshToken),
    accessToken: async (_owner, email, { unusable, renew }) => {
      const kept = tokens.get(email);
      if (kept && kept.token !== unusable && isLasting(kept.expiresAt)) return kept;
      const renewed = await renew(refreshTokens.get(email)!);
      if (renewed.refreshToken !== undefined) refreshTokens.set(email, renewed.refreshToken);
      tokens.set(email, renewed);
      return renewed;
    },
    remove: async (_owner, email) => refreshTokens.delete(email),
  };
}

/** The product's guarded fetch, with every exchange checked against the published contract. */
function checkedFetch(violations: string[], requests: string[]): typeof fetch {
  const contract = readGraphContract();
  const guarded = createGuardedFetch('sandbox');
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init?.method ?? 'GET';
    const isGraph = url.pathname.startsWith('/v1.0/');
    if (isGraph) requests.push(`${method} ${decodeURIComponent(url.pathname.slice(5))}`);
    const answer = await guarded(input, init);
    if (!isGraph || !answer.ok) return answer;
    const exchange = {
      method,
      url: url.href,
      requestBody: typeof init?.body === 'string' ? init.body : '',
      status: answer.status,
      responseBody: await answer.clone().text(),
    };
    violations.push(...contract.violations(exchange));
    return answer;
  };
}
