/** What every read of a Gmail mailbox shares: one message, several at a time, "not there" as null. */
import { failure, failureTypeOf } from '../failures.ts';
import type { GoogleSession } from '../google/client.ts';
import type { Labels } from './google-labels.ts';
import { toMailMessage } from './google-messages.ts';
import type { MailMessage } from './port.ts';

/** The mailbox of whoever the token is for. */
export const me = { userId: 'me' } as const;
/** Requests at a time for one list: well below Gmail's 250 units a second for a user. */
const concurrency = 8;

/** One message, or null when it is gone. */
export async function readMessage(
  session: GoogleSession,
  labels: Labels,
  id: string,
): Promise<MailMessage | null> {
  const call = () => session.gmail.users.messages.get({ ...me, id, format: 'full' });
  const data = await orNull(session.read('read the mail', call));
  if (data === null) return null;
  const message = asObject(data);
  return toMailMessage(message, await labels.namesFor(message.labelIds ?? []));
}

/** Works through a list, a few at a time, in its order. */
export async function inChunks<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += concurrency) {
    results.push(...(await Promise.all(items.slice(at, at + concurrency).map(work))));
  }
  return results;
}

/** The answer, or null for NotFoundError. */
export async function orNull<Data>(reading: Promise<Data>): Promise<Data | null> {
  try {
    return await reading;
  } catch (error) {
    if (failureTypeOf(error) === 'NotFoundError') return null;
    throw error;
  }
}

/** An answer that must have a body. @throws ProviderUnavailableError */
export function asObject<Data extends object>(data: Data): Data {
  if (typeof data === 'object' && data !== null) return data;
  throw failure('ProviderUnavailableError', 'Google sent an empty answer.');
}
