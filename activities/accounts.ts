/**
 * Which of a person's accounts a step means, and reading over several of them. It decides nothing about
 * what is read or done there.
 */
import { failures } from '#contracts/failures.ts';
import type { CalendarPortOf } from './calendar/port.ts';
import type { ConnectedAccount, CredentialStore } from './credentials.ts';
import type { EmailPortOf } from './email/port.ts';
import { failure, failureTypeOf } from './failures.ts';
import { notConnected } from './reconnect.ts';
import type { Provider } from './token-seal.ts';
import { cleanLine } from './visible-text.ts';

/** The connected accounts of people, by owner. */
export type Accounts = {
  /** The owner's accounts, the default first; empty when none is connected. */
  list(owner: string): Promise<readonly ConnectedAccount[]>;
  /**
   * Where a new thing goes: the account that is named by address or label, or else the default.
   * @throws InvalidInputError naming the connected ones, ReconnectRequiredError when there is none
   */
  meant(owner: string, account: string | null | undefined): Promise<ConnectedAccount>;
  /**
   * Where something is looked for: the account that is named, or else every one, the default first.
   * @throws as `meant`
   */
  covered(
    owner: string,
    account?: string | null,
  ): Promise<readonly [ConnectedAccount, ...ConnectedAccount[]]>;
};

/** Accounts as the credential store has them. */
export function createAccounts(credentials: Pick<CredentialStore, 'list'>): Accounts {
  const list: Accounts['list'] = (owner) => credentials.list(owner.toLowerCase());
  const covered: Accounts['covered'] = async (owner, account) => {
    const [first, ...others] = await list(owner);
    if (first === undefined) throw notConnected(owner.toLowerCase());
    if (account == null || account.trim() === '') return [first, ...others];
    return [named(account.trim().toLowerCase(), [first, ...others])];
  };
  return {
    list,
    covered,
    meant: async (owner, account) => (await covered(owner, account))[0],
  };
}

function named(name: string, accounts: readonly ConnectedAccount[]): ConnectedAccount {
  const found = accounts.find(
    ({ email, label }) => name === email || name === label?.toLowerCase(),
  );
  if (found !== undefined) return found;
  const known = accounts.map(({ email, label }) =>
    label === null ? email : `${email} ("${cleanLine(label, 60)}")`,
  );
  throw failure(
    'InvalidInputError',
    `"${cleanLine(name, 100)}" is none of the connected accounts. Connected: ${known.join(', ')}.`,
  );
}

/** Every address of a person: their own and those of their accounts. */
export function ownAddresses(
  owner: string,
  accounts: readonly ConnectedAccount[],
): ReadonlySet<string> {
  return new Set([owner.toLowerCase(), ...accounts.map(({ email }) => email)]);
}

/** `ownAddresses` with every account that is connected. */
export async function ownAddressesOf(
  { accounts }: { readonly accounts: Pick<Accounts, 'list'> },
  owner: string,
): Promise<ReadonlySet<string>> {
  return ownAddresses(owner, await accounts.list(owner));
}

/** An account that could not be read, and why: for people. */
export type UnreachableAccount = { readonly account: string; readonly reason: string };

/** What came of reading several accounts. */
export type ReadAccounts<Found> = {
  readonly found: readonly { readonly account: ConnectedAccount; readonly value: Found }[];
  readonly unreachable: readonly UnreachableAccount[];
};

/**
 * Reads several accounts at once. One that has to wait, to be connected again or that refuses is named
 * beside what the others hold; when all do, the failure of the first is thrown, so that it is waited
 * for. The default account is always waited for: without it most answers would be wrong. Everything else
 * is thrown at once, for Temporal to retry or for the plan to mend.
 */
export async function readAccounts<Found>(
  accounts: readonly ConnectedAccount[],
  read: (account: ConnectedAccount) => Promise<Found>,
): Promise<ReadAccounts<Found>> {
  const ends = await Promise.allSettled(accounts.map(read));
  const found: { account: ConnectedAccount; value: Found }[] = [];
  const unreachable: UnreachableAccount[] = [];
  let firstFailure: unknown;
  for (const [index, account] of accounts.entries()) {
    const end = ends[index];
    if (end?.status === 'fulfilled') found.push({ account, value: end.value });
    if (end?.status !== 'rejected') continue;
    if (!isOfTheAccount(end.reason) || (account.isDefault && mustWait(end.reason))) {
      throw end.reason;
    }
    firstFailure ??= end.reason;
    unreachable.push({ account: account.email, reason: (end.reason as Error).message });
  }
  if (found.length === 0 && firstFailure !== undefined) throw firstFailure;
  return { found, unreachable };
}

/**
 * Looks for one thing by its id. What an account does not know, or calls no id of its own, is not there.
 * The default's comes first. @throws the failure of an account that could not be asked, when the
 * thing is in none of the others
 */
export async function findHolders<Found>(
  accounts: readonly ConnectedAccount[],
  look: (account: ConnectedAccount) => Promise<Found | null>,
): Promise<readonly { readonly account: ConnectedAccount; readonly value: Found }[]> {
  const [only, ...others] = accounts;
  if (only !== undefined && others.length === 0) {
    const value = await look(only);
    return value === null ? [] : [{ account: only, value }];
  }
  let unasked: unknown;
  const { found } = await readAccounts(accounts, async (account) => {
    try {
      return await look(account);
    } catch (error) {
      const type = failureTypeOf(error);
      if (type === 'NotFoundError' || type === 'InvalidInputError') return null;
      if (!isOfTheAccount(error)) throw error;
      unasked ??= error;
      return null;
    }
  });
  const holders = found.flatMap(({ account, value }) =>
    value === null ? [] : [{ account, value }],
  );
  if (holders.length === 0 && unasked !== undefined) throw unasked;
  return holders;
}

/** True for what ends: an outage, or a sign-in that the person is asked for. */
function mustWait(error: unknown): boolean {
  const type = failureTypeOf(error);
  if (type === undefined) return false;
  const { category } = failures[type];
  return category === 'waiting' || category === 'needs_person';
}

/** True for a failure that says something about one account and nothing about the question. */
export function isOfTheAccount(error: unknown): boolean {
  return mustWait(error) || failureTypeOf(error) === 'PermissionDeniedError';
}

/** The ports of each vendor, by owner and account. */
export type AccountPorts = { readonly calendar: CalendarPortOf; readonly email: EmailPortOf };

/** Gives the port of an account from the vendor it is connected at. */
export function createAccountPorts(deps: {
  readonly credentials: Pick<CredentialStore, 'list'>;
  readonly google: AccountPorts;
  readonly microsoft: AccountPorts;
}): AccountPorts {
  const portsOf = async (owner: string, account: string): Promise<AccountPorts> => {
    const accounts = await deps.credentials.list(owner);
    const provider: Provider | undefined = accounts.find(
      ({ email }) => email === account,
    )?.provider;
    if (provider === undefined) throw notConnected(account);
    return deps[provider];
  };
  return {
    async calendar(owner, account) {
      const [person, address] = [owner.toLowerCase(), account.toLowerCase()];
      return (await portsOf(person, address)).calendar(person, address);
    },
    async email(owner, account) {
      const [person, address] = [owner.toLowerCase(), account.toLowerCase()];
      return (await portsOf(person, address)).email(person, address);
    },
  };
}
