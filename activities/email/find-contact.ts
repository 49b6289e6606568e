/**
 * The findContact activity: the directory first, which is ours and trusted; then headers of past
 * mail, which anyone can write. It never guesses between two addresses.
 */
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { ownAddresses } from '../accounts.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine, visibleAddress } from '../visible-text.ts';
import { fold } from '../calendar/match-events.ts';
import type { EmailDeps } from './dependencies.ts';
import type { MailAddress, MailMessage } from './port.ts';
import { searchAccounts } from './search-accounts.ts';
import { mailOrigin } from './summaries.ts';

/** How many messages are looked through. */
const mailMax = 25;

/**
 * Effect: none. Idempotency: a read. Heartbeats: no (10 s limit a call).
 * @throws NotFoundError, AmbiguousError listing the addresses, and the failures of a search
 */
export async function findContact(deps: EmailDeps, request: ReadRequest): Promise<ReadResult> {
  const { context } = request;
  const { name } = parseToolInput('findContact', request.input);
  const words = fold(name);
  const people = await deps.directory.list(context.owner.toLowerCase());
  const listed = bestMatches(people, words, (person) => fold(person.name));
  const [person] = listed;
  if (person !== undefined && listed.length === 1) {
    return {
      value: { name: person.name, email: person.email, foundIn: 'directory' },
      trust: 'trusted',
      origins: [{ kind: 'directory', label: `your directory: ${person.name}` }],
    };
  }
  if (listed.length > 1) throw ambiguous(name, listed);
  return fromMail(deps, request, name, words);
}

async function fromMail(
  deps: EmailDeps,
  { context }: ReadRequest,
  name: string,
  words: readonly string[],
): Promise<ReadResult> {
  const accounts = await deps.accounts.covered(context.owner);
  const value = words.join(' ');
  const parts = (['from', 'to'] as const).map((field) => ({ kind: 'text' as const, field, value }));
  const { mails } = await searchAccounts(deps, context.owner, accounts, (mailbox) =>
    mailbox.search({ kind: 'or', parts }, mailMax),
  );
  const seen = new Map<string, { address: MailAddress; message: MailMessage }>();
  for (const { message } of mails) {
    for (const address of [message.from, ...message.to, ...message.cc]) {
      if (!seen.has(address.email)) seen.set(address.email, { address, message });
    }
  }
  for (const own of ownAddresses(context.owner, accounts)) seen.delete(own);
  const found = bestMatches([...seen.values()], words, ({ address }) => [
    ...fold(address.name ?? ''),
    ...fold(address.email.split('@')[0] ?? ''),
  ]);
  const [only] = found;
  if (only === undefined) {
    throw failure(
      'NotFoundError',
      `Nobody called "${cleanLine(name, 100)}" is in your directory or in past mail. Give the address.`,
    );
  }
  if (found.length > 1)
    throw ambiguous(
      name,
      found.map(({ address }) => address),
    );
  const { address, message } = only;
  return {
    value: {
      name: cleanLine(address.name ?? name, 200),
      email: address.email,
      foundIn: 'mail',
    },
    trust: 'untrusted',
    origins: [mailOrigin(message, context.zone)],
  };
}

/** Candidates that have every word; those whose name is exactly the words win. */
function bestMatches<Candidate>(
  candidates: readonly Candidate[],
  words: readonly string[],
  wordsOf: (candidate: Candidate) => string[],
): Candidate[] {
  if (words.length === 0) return [];
  const fitting = candidates.filter((candidate) => {
    const have = wordsOf(candidate);
    return words.every((word) => have.includes(word));
  });
  const exact = fitting.filter((candidate) => wordsOf(candidate).join(' ') === words.join(' '));
  return exact.length > 0 ? exact : fitting;
}

function ambiguous(
  name: string,
  found: readonly { readonly name: string | null; readonly email: string }[],
): Error {
  const shown = found
    .slice(0, 8)
    .map((person) => `${cleanLine(person.name ?? '', 60)} <${visibleAddress(person.email)}>`);
  return failure(
    'AmbiguousError',
    `"${cleanLine(name, 100)}" could be ${shown.join(', ')}. Say which one.`,
  );
}
