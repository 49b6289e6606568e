/**
 * The mailbox's read activities. What they return was written by others and is untrusted; whole
 * texts stay in Postgres.
 */
import type { ReadActivities, ReadRequest, ReadResult } from '#contracts/activities.ts';
import { combineOrigins } from '#contracts/trust.ts';
import { findHolders, ownAddressesOf } from '../accounts.ts';
import { failure } from '../failures.ts';
import { fitOutput, parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import type { EmailDeps } from './dependencies.ts';
import { findContact } from './find-contact.ts';
import { parseMailQuery } from './query.ts';
import { readAttachment } from './read-attachment.ts';
import { searchAccounts } from './search-accounts.ts';
import { mailOrigin, summarizeMessage } from './summaries.ts';

type EmailReads = Pick<
  ReadActivities,
  'searchMail' | 'readThread' | 'readAttachment' | 'findContact'
>;

/** How many messages a search returns when the plan says nothing. */
const defaultSearchLimit = 20;

/** Builds the mailbox's read activities. */
export function createEmailReads(deps: EmailDeps): EmailReads {
  return {
    searchMail: (request) => searchMail(deps, request),
    readThread: (request) => readThread(deps, request),
    readAttachment: (request) => readAttachment(deps, request),
    findContact: (request) => findContact(deps, request),
  };
}

/**
 * Effect: none. Idempotency: a read. Heartbeats: no (10 s limit a call).
 * @throws InvalidInputError, ReconnectRequiredError, RateLimitedError, ProviderUnavailableError
 */
async function searchMail(deps: EmailDeps, { context, input }: ReadRequest): Promise<ReadResult> {
  const { query, limit, account } = parseToolInput('searchMail', input);
  const { zone } = context;
  const wanted = parseMailQuery(query, context);
  const most = limit ?? defaultSearchLimit;
  const { mails, truncated, unreachable } = await searchAccounts(
    deps,
    context.owner,
    await deps.accounts.covered(context.owner, account),
    (mailbox) => mailbox.search(wanted, most),
  );
  const shown = mails.slice(0, most);
  const { kept, cut } = fitOutput(
    shown.map((mail) =>
      summarizeMessage(mail.message, { zone, account: mail.account, documentId: null }),
    ),
  );
  return {
    value: {
      messages: kept,
      messageIds: kept.map(({ id }) => id),
      truncated: truncated || cut || mails.length > shown.length,
      unreachable: [...unreachable],
    },
    trust: 'untrusted',
    origins: combineOrigins([
      shown.slice(0, kept.length).map(({ message }) => mailOrigin(message, zone)),
    ]),
  };
}

/**
 * Effect: stores the texts of the thread as documents of the goal. Idempotency: ids derive from the
 * content. Heartbeats: no. @throws NotFoundError and the failures of a search
 */
async function readThread(deps: EmailDeps, { context, input }: ReadRequest): Promise<ReadResult> {
  const { threadId, account: wanted } = parseToolInput('readThread', input);
  const accounts = await deps.accounts.covered(context.owner, wanted);
  const [holder] = await findHolders(accounts, async ({ email }) =>
    (await deps.email(context.owner, email)).thread(threadId),
  );
  const messages = (holder?.value ?? []).filter(({ draft }) => !draft);
  const [first] = messages;
  if (holder === undefined || first === undefined) {
    throw failure(
      'NotFoundError',
      `There is no mail thread with the id ${cleanLine(threadId, 60)}.`,
    );
  }
  const account = holder.account.email;
  const summaries = await Promise.all(
    messages.map(async (message) => {
      const documentId = await deps.documents.put({
        goalId: context.goalId,
        kind: 'mail',
        origin: mailOrigin(message, context.zone),
        content: message.text,
      });
      return summarizeMessage(message, { zone: context.zone, account, documentId });
    }),
  );
  const own = await ownAddressesOf(deps, context.owner);
  const received = messages.findLastIndex(({ from, sent }) => !sent && !own.has(from.email));
  // The newest messages matter most; older ones give way. `lastReceived` takes its own room.
  const last = summaries[received] ?? null;
  const { kept } = fitOutput([...(last === null ? [] : [last]), ...summaries.toReversed()]);
  return {
    value: {
      threadId,
      account,
      subject: cleanLine(first.subject, 300),
      messages: kept.slice(last === null ? 0 : 1).toReversed(),
      lastReceived: last,
    },
    trust: 'untrusted',
    origins: combineOrigins([messages.map((message) => mailOrigin(message, context.zone))]),
  };
}
