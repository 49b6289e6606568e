/**
 * Taking up new mail: asks each mailbox what came in since the cursor, and stores it before the cursor
 * moves. It classifies nothing and reads no more than the first characters of a text.
 */
import type { StepContext } from '#contracts/activities.ts';
import type { TriageActivities } from '#contracts/child-activities.ts';
import { limits } from '#contracts/limits.ts';
import type { EmailPort, MailMessage } from '../email/port.ts';
import { readAccounts } from '../accounts.ts';
import type { MailQuery } from '../email/query.ts';
import { cleanLine, cleanText } from '../visible-text.ts';
import type { TriageDeps } from './dependencies.ts';
import type { FoundMail, SyncState } from './store.ts';

const day = 24 * 60 * 60 * 1_000;
/** A mailbox that lost its place is read again from a little before the last time. */
const overlapMs = 60 * 60 * 1_000;
const bounds = { limit: 100, resyncMax: limits.triageResyncMax };

type Gap = { account: string; since: string };

/**
 * Effect: stores mails and cursors in Postgres. Idempotency: a mail is stored once, and a retry goes on
 * from the cursor. Heartbeats: by the worker. @throws the failures of reading a mailbox
 */
export async function syncMail(
  deps: TriageDeps,
  { context, account, limit }: Parameters<TriageActivities['syncMail']>[0],
): ReturnType<TriageActivities['syncMail']> {
  const { owner } = context;
  const { found, unreachable } = await readAccounts(
    await deps.accounts.covered(owner, account),
    ({ email }) => syncAccount(deps, context, email, limit),
  );
  const accounts = found.map((one) => one.account.email);
  return {
    accounts,
    unreachable: [...unreachable],
    waiting: await deps.triage.countWaiting(owner, accounts),
    gaps: found.flatMap(({ value }) => value),
    origins: accounts.map((email) => ({ kind: 'mail', label: `inbox of ${email}` })),
  };
}

async function syncAccount(
  { email, triage }: TriageDeps,
  { owner }: StepContext,
  account: string,
  limit: number,
): Promise<Gap[]> {
  const mailbox = await email(owner, account);
  const state = await triage.syncState(owner, account);
  if (state === null) return takeUpFirst(triage, owner, account, mailbox, limit);
  const gaps: Gap[] = [];
  let { cursor } = state;
  for (let taken = 0; taken < limit;) {
    const resyncFromMs = state.syncedAt.getTime() - overlapMs;
    const changes = await mailbox.changes(cursor, { ...bounds, resyncFromMs });
    const unknown = await triage.unknownOf(owner, account, changes.added);
    const place = { cursor: changes.cursor, isNewest: !changes.more };
    await triage.takeUp(owner, account, await read(mailbox, unknown), place);
    if (changes.gap) gaps.push(gapOf(account, state));
    cursor = changes.cursor;
    taken += unknown.length;
    if (!changes.more) break;
  }
  return gaps;
}

/** The cursor is taken before the mailbox is searched: what comes in between is found by both. */
async function takeUpFirst(
  triage: TriageDeps['triage'],
  owner: string,
  account: string,
  mailbox: EmailPort,
  limit: number,
): Promise<Gap[]> {
  const { cursor } = await mailbox.changes(null, { ...bounds, resyncFromMs: 0 });
  const afterMs = Date.now() - limits.triageFirstDays * day;
  const query: MailQuery = {
    kind: 'and',
    parts: [
      { kind: 'in', folder: 'inbox' },
      { kind: 'after', ms: afterMs },
    ],
  };
  const { messages } = await mailbox.search(query, Math.min(limit, limits.mailSearchMax));
  const mails = messages.filter(isForTriage).map(foundMail);
  await triage.takeUp(owner, account, mails, { cursor, isNewest: true });
  return [];
}

async function read(mailbox: EmailPort, ids: readonly string[]): Promise<FoundMail[]> {
  if (ids.length === 0) return [];
  return (await mailbox.headers(ids)).filter(isForTriage).map(foundMail);
}

/** What the person wrote themselves, moved away or threw away needs no triage. */
function isForTriage({ sent, draft, folder }: MailMessage): boolean {
  return !sent && !draft && folder === 'inbox';
}

function foundMail(mail: MailMessage): FoundMail {
  return {
    messageId: mail.id,
    threadId: mail.threadId,
    sender: mail.from.email,
    subject: cleanLine(mail.subject, limits.subjectMaxChars),
    receivedAt: new Date(Number.isFinite(mail.dateMs) ? mail.dateMs : 0),
    excerpt: cleanText(mail.text, limits.excerptMaxChars),
  };
}

function gapOf(account: string, { syncedAt }: SyncState): Gap {
  return { account, since: syncedAt.toISOString() };
}
