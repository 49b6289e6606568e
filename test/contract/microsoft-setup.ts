/** The real Microsoft clients of the product, connected to a sandbox, with accounts kept in memory. */
import { type Accounts, createAccounts } from '#activities/accounts.ts';
import { createMicrosoftCalendar } from '#activities/calendar/microsoft.ts';
import type { CalendarPort } from '#activities/calendar/port.ts';
import type { Account, CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createMicrosoftEmail } from '#activities/email/microsoft.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { failureTypeOf } from '#activities/failures.ts';
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
  calendar: (owner: string, account?: string) => Promise<CalendarPort>;
  email: (owner: string, account?: string) => Promise<EmailPort>;
  /** State of each account, by address. */
  stored: Map<string, { refreshToken: string; state: Account['state'] }>;
  /** What of the exchanges so far Graph's published contract does not allow. */
  violations: string[];
  /** Everything sent so far, in order: `POST /me/messages`. */
  requests: string[];
}

/** Connects whoever of the sandbox's office is at Microsoft. */
export function connectMicrosoft(
  sandbox: Sandbox,
  options: { timeoutMs?: number; health?: ProviderHealth; credentials?: CredentialStore } = {},
): MicrosoftSetup {
  const violations: string[] = [];
  const requests: string[] = [];
  const stored: MicrosoftSetup['stored'] = new Map(
    sandbox.office.accounts
      .filter(({ vendor }) => vendor === 'microsoft')
      .map(({ email }) => [
        email,
        { refreshToken: `sandbox-microsoft-refresh-${email}`, state: 'connected' },
      ]),
  );
  const credentials = options.credentials ?? inMemory(stored);
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
    stored,
    violations,
    requests,
    accounts: createAccounts(credentials),
    calendar: async (owner, account = owner) =>
      createMicrosoftCalendar(await clients(owner, account)),
    email: async (owner, account = owner) => createMicrosoftEmail(await clients(owner, account)),
  };
}

/** A store in memory in which everybody at Microsoft has one account there, their own address. */
function inMemory(stored: MicrosoftSetup['stored']): CredentialStore {
  const tokens = new Map<string, AccessToken>();
  const connected = (owner: string, email: string): Account | undefined => {
    const found = owner === email ? stored.get(email) : undefined;
    if (found === undefined) return undefined;
    const fixed = { isDefault: true, label: null, scopes: [], connectedAt: new Date(0) };
    return { email, provider: 'microsoft', ...found, ...fixed };
  };
  return {
    get: async (owner, account) => connected(owner, account),
    list: async (owner) => [connected(owner, owner)].filter((found) => found !== undefined),
    save: async (_owner, { email, refreshToken }) =>
      void stored.set(email, { refreshToken, state: 'connected' }),
    accessToken: async (_owner, email, { unusable, renew }) => {
      const kept = tokens.get(email);
      if (kept && kept.token !== unusable && isLasting(kept.expiresAt)) return kept;
      const account = stored.get(email)!;
      try {
        const renewed = await renew(account.refreshToken);
        account.refreshToken = renewed.refreshToken ?? account.refreshToken;
        tokens.set(email, renewed);
        return renewed;
      } catch (error) {
        if (failureTypeOf(error) === 'ReconnectRequiredError') account.state = 'reconnect_required';
        throw error;
      }
    },
    remove: async (_owner, email) => stored.delete(email),
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
    if (!isGraph) return guarded(input, init);
    requests.push(`${method} ${decodeURIComponent(url.pathname.slice(5))}`);
    const requestBody = typeof init?.body === 'string' ? init.body : '';
    const exchange = { method, url: url.href, requestBody, status: 400, responseBody: '' };
    // A request is checked whatever becomes of it; a planted fault's answer is nobody's contract.
    violations.push(...contract.violations(exchange));
    const answer = await guarded(input, init);
    if (!answer.ok) return answer;
    const answered = { status: answer.status, responseBody: await answer.clone().text() };
    violations.push(...contract.violations({ ...exchange, ...answered }));
    return answer;
  };
}
