/** The real Google clients of the product, connected to a sandbox, with accounts kept in memory. */
import { createHash } from 'node:crypto';
import type { StepContext } from '#contracts/activities.ts';
import type { GoalId } from '#contracts/names.ts';
import type { Person } from '#contracts/schemas/common.ts';
import { type Accounts, createAccounts } from '#activities/accounts.ts';
import { createGoogleCalendar } from '#activities/calendar/google.ts';
import type { CalendarPortOf } from '#activities/calendar/port.ts';
import type { Account, CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import type { EffectContext } from '#activities/effects/handler.ts';
import { createGoogleEmail } from '#activities/email/google.ts';
import type { EmailPortOf } from '#activities/email/port.ts';
import { createGoogleClients, type GoogleClients } from '#activities/google/client.ts';
import { failureTypeOf } from '#activities/failures.ts';
import type { FileStore } from '#activities/files.ts';
import type { SignatureOf } from '#activities/email/signatures.ts';
import { filesInMemory } from '#test/support/files.ts';
import type { Directory } from '#activities/people.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import { type AccessToken, isLasting } from '#activities/token-renewal.ts';
import type { Sandbox } from '#infra/sandbox/server.ts';
import { alwaysCalls } from '#test/support/health.ts';
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
  /** State of each account, by owner. */
  stored: Map<string, { email: string; refreshToken: string; state: string }>;
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
  const stored: GoogleSetup['stored'] = new Map(
    sandbox.office.people.map(({ email }) => [
      email,
      { email, refreshToken: `sandbox-refresh-${email}`, state: 'connected' },
    ]),
  );
  const credentials = options.credentials ?? inMemory(stored);
  const violations: string[] = [];
  const clients = createGoogleClients({
    rootUrl: sandbox.url,
    tokenUrl: `${sandbox.url}/token`,
    authUrl: `${sandbox.url}/auth`,
    clientId: 'adjutant',
    clientSecret: 'not-a-secret',
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

/** A store in memory in which everybody of the office has one account at Google, their own address. */
function inMemory(stored: GoogleSetup['stored']): CredentialStore {
  const tokens = new Map<string, AccessToken>();
  const connected = (owner: string, email: string): Account | undefined => {
    const found = owner === email ? stored.get(email) : undefined;
    if (found === undefined) return undefined;
    const state = found.state as Account['state'];
    const { refreshToken } = found;
    const fixed = { isDefault: true, label: null, scopes: [], connectedAt: new Date(0) };
    return { email, provider: 'google', refreshToken, state, ...fixed };
  };
  return {
    get: async (owner, account) => connected(owner, account),
    list: async (owner) => [connected(owner, owner)].filter((found) => found !== undefined),
    save: async (_owner, { email, refreshToken }) => {
      stored.set(email, { email, refreshToken, state: 'connected' });
    },
    accessToken: async (_owner, email, { unusable, renew }) => {
      const kept = tokens.get(email);
      if (kept && kept.token !== unusable && isLasting(kept.expiresAt)) return kept;
      const account = stored.get(email)!;
      try {
        const renewed = await renew(account.refreshToken);
        const { refreshToken = account.refreshToken } = renewed;
        stored.set(email, { ...account, refreshToken });
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

/** The context of one step; `now` is the sandbox's. */
export function stepContext(sandbox: Sandbox, owner = sandbox.office.main.email): StepContext {
  return {
    goalId: '0123456789abcdefghijklmnop' as GoalId,
    owner,
    zone: 'Europe/Berlin',
    stepId: 'step',
    now: sandbox.office.now().toISOString(),
  };
}

/** An effect key as the gateway derives one. */
export function effectKey(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** When the intent of every test effect was written. */
export const intentAt = '2026-10-07T08:00:00.000Z';

/** The context of one effect, with what it saves readable as `saved`. */
export function effectContext(
  step: StepContext,
  name: string,
  providerRef: string | null = null,
): EffectContext & { saved: string[] } {
  const saved: string[] = [];
  return {
    step,
    effectKey: effectKey(name),
    intentAt,
    providerRef,
    saved,
    saveProviderRef: async (ref) => void saved.push(ref),
    signal: new AbortController().signal,
  };
}
