/** The real Microsoft clients of the product, connected to a sandbox, with accounts kept in memory. */
import { type Accounts, createAccounts } from '#activities/accounts.ts';
import { createMicrosoftCalendar } from '#activities/calendar/microsoft.ts';
import type { CalendarPort } from '#activities/calendar/port.ts';
import type { CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createMicrosoftEmail } from '#activities/email/microsoft.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { createMicrosoftClients, type MicrosoftClients } from '#activities/microsoft/client.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import type { Sandbox } from '#infra/sandbox/server.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { credentialsInMemory, type StoredAccounts } from './credentials-in-memory.ts';
import { readGraphContract } from './graph-contract.ts';

/** What tests of the Microsoft connectors use. */
export interface MicrosoftSetup {
  clients: MicrosoftClients;
  accounts: Accounts;
  /** The account is the owner's own unless told. */
  calendar: (owner: string, account?: string) => Promise<CalendarPort>;
  email: (owner: string, account?: string) => Promise<EmailPort>;
  /** State of each account, by address. */
  stored: StoredAccounts;
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
  const stored: StoredAccounts = new Map(
    sandbox.office.accounts
      .filter(({ vendor }) => vendor === 'microsoft')
      .map(({ email }) => [
        email,
        { refreshToken: `sandbox-microsoft-refresh-${email}`, state: 'connected' },
      ]),
  );
  const credentials = options.credentials ?? credentialsInMemory('microsoft', stored);
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
