/** Drafts and sent mail of a live check at Microsoft, each taken away when all checks are done. */
import { eventually, type Live, mimeOf } from './checks.ts';
import type { Answer } from './wire.ts';

export const messages = '/v1.0/me/messages';
export const immutable = { prefer: 'IdType="ImmutableId"' };
/** The References header as MAPI keeps it. */
export const referencesId = 'String 0x1039';
/** The X-Effect-Key header as MAPI keeps it. */
const keyId = 'String {00020386-0000-0000-C000-000000000046} Name X-Effect-Key';

/** Stores a mail as a draft from its MIME text, as we do. */
export async function draft(
  live: Live,
  subject: string,
  more: Readonly<Record<string, string>> = {},
) {
  const mail = mimeOf(live, subject, more);
  const body = Buffer.from(mail.raw).toString('base64');
  const headers = { ...immutable, 'content-type': 'text/plain' };
  const path = pathOf((await live.wire('POST', messages, { headers, body })).must('draft'));
  live.later(`mail ${subject}`, () => live.wire('DELETE', path, { headers: immutable }));
  return { ...mail, path };
}

export function pathOf(message: Answer): string {
  return `${messages}/${encodeURIComponent(message.text('id') ?? '')}`;
}

/** A message with everything that is looked at. */
export async function read({ wire }: Live, path: string): Promise<Answer> {
  const query = {
    $select: 'id,subject,isDraft,conversationId,internetMessageId,internetMessageHeaders',
    $expand: `singleValueExtendedProperties($filter=id eq '${keyId}' or id eq '${referencesId}')`,
  };
  return (await wire('GET', path, { headers: immutable, query })).must('read');
}

/** The X-Effect-Key among the headers that Graph tells. */
export function headerKey(message: Answer): string | undefined {
  const headers = message.list('internetMessageHeaders');
  return headers.find((one) => one.text('name')?.toLowerCase() === 'x-effect-key')?.text('value');
}

export async function send({ wire }: Live, path: string): Promise<void> {
  (await wire('POST', `${path}/send`, { headers: immutable })).must('send');
}

export function changeOf(
  { wire }: Live,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return wire('PATCH', path, { headers, body });
}

/** How long it took until the draft's id names the sent copy; null when it did not in time. */
export async function whenSent(live: Live, path: string): Promise<string | null> {
  const sent = await eventually(live, async () => {
    const query = { $select: 'id,isDraft' };
    const answer = await live.wire('GET', path, { headers: immutable, query });
    return answer.text('isDraft') === 'false' ? true : null;
  });
  return sent?.seconds ?? null;
}

/** Throws away what the run's mails left in the mailbox. */
export async function sweepOutlook({ wire, runId }: Live): Promise<void> {
  const query = { $select: 'id,subject', $top: 50 };
  for (const folder of ['inbox', 'archive', 'drafts', 'sentitems']) {
    const path = `/v1.0/me/mailFolders/${folder}/messages`;
    const list = (await wire('GET', path, { headers: immutable, query })).must('list');
    for (const message of list.list('value')) {
      if (message.text('subject')?.includes(runId) !== true) continue;
      (await wire('DELETE', pathOf(message), { headers: immutable })).must('delete');
    }
  }
}
