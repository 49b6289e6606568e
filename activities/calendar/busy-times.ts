/**
 * Busy times over all of a person's accounts. A calendar that cannot be read makes its person unknown,
 * never free.
 */
import { isOfTheAccount, ownAddresses } from '../accounts.ts';
import type { BusyInterval } from './availability.ts';
import type { CalendarDeps } from './dependencies.ts';

/**
 * Busy times of each address. The owner is busy when any of their accounts is; anybody else is asked
 * for at the default account first, and at the next one only while still unknown.
 * @throws the failure of the first account when none can be read
 */
export async function busyTimesOf(
  deps: Pick<CalendarDeps, 'calendar' | 'accounts'>,
  owner: string,
  emails: readonly string[],
  fromMs: number,
  toMs: number,
): Promise<Map<string, readonly BusyInterval[] | 'unknown'>> {
  const accounts = await deps.accounts.covered(owner);
  const own = ownAddresses(owner, accounts);
  const result = new Map<string, readonly BusyInterval[] | 'unknown'>();
  const ofOwner: BusyInterval[] = [];
  const failures: unknown[] = [];
  let isOwnerKnown = true;
  for (const { email: account } of accounts) {
    const unknown = emails.filter(
      (email) => !own.has(email) && (result.get(email) ?? 'unknown') === 'unknown',
    );
    try {
      const calendar = await deps.calendar(owner, account);
      const busy = await calendar.busyTimes([account, ...unknown], fromMs, toMs);
      for (const email of unknown) result.set(email, busy.get(email) ?? 'unknown');
      const mine = busy.get(account) ?? 'unknown';
      if (mine === 'unknown') isOwnerKnown = false;
      else ofOwner.push(...mine);
    } catch (error) {
      if (!isOfTheAccount(error)) throw error;
      failures.push(error);
      isOwnerKnown = false;
    }
  }
  if (failures.length === accounts.length) throw failures[0];
  for (const email of emails) {
    if (own.has(email)) result.set(email, isOwnerKnown ? ofOwner : 'unknown');
    else if (!result.has(email)) result.set(email, 'unknown');
  }
  return result;
}
