/** What is not settled about Gmail, asked of the wire. Writes to the account itself and to nobody else. */
import { type Check, eventually, kept, type Live, mimeOf } from './checks.ts';

const me = '/gmail/v1/users/me';

function encoded(raw: string): string {
  return Buffer.from(raw).toString('base64url');
}

async function draft(live: Live, subject: string) {
  const mail = mimeOf(live, subject);
  const body = { message: { raw: encoded(mail.raw) } };
  const made = (await live.wire('POST', `${me}/drafts`, { body })).must('draft');
  const id = made.text('id') ?? '';
  live.later(`draft ${subject}`, () => live.wire('DELETE', `${me}/drafts/${id}`));
  return { ...mail, id, storedId: made.text('message', 'id') ?? '' };
}

async function send(live: Live, id: string, message?: object): Promise<string> {
  const body = { id, ...(message === undefined ? {} : { message }) };
  const sent = (await live.wire('POST', `${me}/drafts/send`, { body })).must('send');
  const sentId = sent.text('id') ?? '';
  live.later('sent mail', () => live.wire('POST', `${me}/messages/${sentId}/trash`));
  return sentId;
}

async function headersOf(live: Live, id: string): Promise<Map<string, string>> {
  const query = { format: 'full' };
  const mail = (await live.wire('GET', `${me}/messages/${id}`, { query })).must('read');
  const headers = mail.list('payload', 'headers');
  return new Map(
    headers.map((header) => [
      (header.text('name') ?? '').toLowerCase(),
      header.text('value') ?? '',
    ]),
  );
}

/** The checks, in the order of docs/live-checks.md. */
export const googleMailChecks: readonly Check[] = [
  {
    id: 'gmail-headers-kept',
    async run(live) {
      const { id, storedId, messageId, effectKey } = await draft(live, 'headers');
      const stored = await headersOf(live, storedId);
      const sent = await headersOf(live, await send(live, id));
      const of = (headers: Map<string, string>) =>
        `Message-ID ${kept(headers.get('message-id'), messageId)}, ` +
        `X-Effect-Key ${kept(headers.get('x-effect-key'), effectKey)}`;
      return `draft: ${of(stored)}; sent: ${of(sent)}`;
    },
  },
  {
    id: 'gmail-send-replaces',
    async run(live) {
      const { id } = await draft(live, 'before');
      const { raw } = mimeOf(live, 'after');
      const subject = (await headersOf(live, await send(live, id, { raw: encoded(raw) }))).get(
        'subject',
      );
      return subject?.startsWith('after') === true ? 'content replaced' : `sent "${subject ?? ''}"`;
    },
  },
  {
    id: 'gmail-second-send',
    async run(live) {
      const { id } = await draft(live, 'second');
      await send(live, id);
      const again = await live.wire('POST', `${me}/drafts/send`, { body: { id } });
      const read = await live.wire('GET', `${me}/drafts/${id}`);
      return `send ${again.said}, read ${read.said}`;
    },
  },
  {
    id: 'gmail-message-id-search',
    async run(live) {
      const { id, messageId } = await draft(live, 'searched');
      await send(live, id);
      const query = { q: `rfc822msgid:${messageId} in:sent` };
      const found = await eventually(live, async () => {
        const list = (await live.wire('GET', `${me}/messages`, { query })).must('search');
        return list.text('messages', 0, 'id') ?? null;
      });
      return found === null ? 'not found in time' : `found after ${found.seconds}`;
    },
  },
  {
    id: 'gmail-empty-list',
    async run(live) {
      const query = { q: `subject:"${live.runId} never written"` };
      const list = (await live.wire('GET', `${me}/messages`, { query })).must('search');
      return list.has('messages') ? 'with an empty list' : 'without messages';
    },
  },
  {
    id: 'gmail-stale-history',
    async run(live) {
      return (await live.wire('GET', `${me}/history`, { query: { startHistoryId: '1' } })).said;
    },
  },
];

/** Throws away what the run's mails left in the mailbox. */
export async function sweepGmail({ wire, runId }: Live): Promise<void> {
  const query = { q: `subject:${runId}` };
  const list = (await wire('GET', `${me}/messages`, { query })).must('search');
  for (const message of list.list('messages')) {
    (await wire('POST', `${me}/messages/${message.text('id') ?? ''}/trash`)).must('trash');
  }
}
