/** The real Google clients of the product, connected to a sandbox, with accounts kept in memory. */
import type { Person } from '#contracts/schemas/common.ts';
import { type Accounts, createAccounts } from '#activities/accounts.ts';
import { createGoogleCalendar } from '#activities/calendar/google.ts';
import type { CalendarPortOf } from '#activities/calendar/port.ts';
import type { CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createGoogleEmail } from '#activities/email/google.ts';
import type { EmailPortOf } from '#activities/email/port.ts';
import { createGoogleClients, type GoogleClients } from '#activities/google/client.ts';
import type { FileStore } from '#activities/files.ts';
import type { SignatureOf } from '#activities/email/signatures.ts';
import { filesInMemory } from '#test/support/files.ts';
import type { Directory } from '#activities/people.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import type { Sandbox } from '#infra/sandbox/server.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { credentialsInMemory, type StoredAccounts } from './credentials-in-memory.ts';
import { readContract } from './vendors.ts';

/** What tests of the Google connectors use. */
export interface GoogleSetup {
  clients: (owner: string, account?: string) => ReturnType<GoogleClients>;
  accounts: Accounts;
  /** The account is the owner's own unless told. */
  calendar: (owner: string, account?: string) => ReturnType<CalendarPortOf>;
  email: (owner: string, account?: string) => ReturnType<EmailPortOf>;
  directory: Directory;
  files: FileStore;
  signatureOf: SignatureOf;
  /** What of the exchanges so far Google's published contracts do not allow. */
  violations: string[];
  /** State of each account, by address. */
  stored: StoredAccounts;
}

/** Where the sandbox's Google is, and an OAuth client there. */
export function googleAt({ url }: Sandbox) {
  return {
    rootUrl: `${url}/`,
    tokenUrl: `${url}/token`,
    authUrl: `${url}/auth`,
    revokeUrl: `${url}/revoke`,
    clientId: 'adjutant',
    clientSecret: 'not-a-secret',
  };
}

/** Connects everyone of the sandbox's office. */
export function connectGoogle(
  sandbox: Sandbox,
  options: {
    fetch?: typeof fetch;
    timeoutMs?: number;
    health?: ProviderHealth;
    credentials?: CredentialStore;
  } = {},
): GoogleSetup {
  const stored: StoredAccounts = new Map(
    sandbox.office.people.map(({ email }) => [
      email,
      { refreshToken: `sandbox-refresh-${email}`, state: 'connected' },
    ]),
  );
  const credentials = options.credentials ?? credentialsInMemory('google', stored);
  const violations: string[] = [];
  const clients = createGoogleClients({
    ...googleAt(sandbox),
    fetch: options.fetch ?? checkedFetch(violations),
    credentials,
    health: options.health ?? alwaysCalls,
    timeoutMs: options.timeoutMs ?? 3_000,
  });
  return {
    clients: (owner, account = owner) => clients(owner, account),
    stored,
    violations,
    accounts: createAccounts(credentials),
    calendar: async (owner, account = owner) => createGoogleCalendar(await clients(owner, account)),
    email: async (owner, account = owner) => createGoogleEmail(await clients(owner, account)),
    directory: directoryOf(sandbox),
    files: filesInMemory(),
    signatureOf: async () => null,
  };
}

const contracts = {
  '/calendar/': readContract('google-calendar-v3'),
  '/gmail/': readContract('google-gmail-v1'),
};

/** The product's guarded fetch, with every exchange checked against the published contracts. */
function checkedFetch(violations: string[]): typeof fetch {
  const guarded = createGuardedFetch('sandbox');
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const answer = await guarded(input, init);
    const found = Object.entries(contracts).find(([path]) => url.pathname.startsWith(path));
    const responseBody = found && answer.ok ? await answer.clone().text() : undefined;
    if (found === undefined || responseBody === undefined) return answer;
    const exchange = {
      method: init?.method ?? 'GET',
      url: url.href,
      requestBody: typeof init?.body === 'string' ? init.body : '',
      status: answer.status,
      responseBody,
    };
    violations.push(...found[1].violations(exchange));
    return answer;
  };
}

function directoryOf(sandbox: Sandbox): Directory {
  const people: Person[] = sandbox.office.people.map(({ email, name, zone, workingHours }) => ({
    email,
    name,
    zone,
    workingHours: { ...workingHours, days: [...workingHours.days] },
  }));
  return {
    list: async () => people,
    find: async (_owner, emails) =>
      new Map(people.filter(({ email }) => emails.includes(email)).map((p) => [p.email, p])),
  };
}
