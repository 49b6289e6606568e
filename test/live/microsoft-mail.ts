/** What is not settled about Outlook's mail, asked of Graph's wire. Writes to the account itself only. */
import { type Check, eventually, kept, type Live, mimeOf } from './checks.ts';
import {
  changeOf,
  draft,
  headerKey,
  immutable,
  messages,
  pathOf,
  read,
  referencesId,
  send,
  whenSent,
} from './microsoft-messages.ts';
import type { Answer } from './wire.ts';

const inbox = '/v1.0/me/mailFolders/inbox/messages';

/** The checks, in the order of docs/live-checks.md. */
export const microsoftMailChecks: readonly Check[] = [
  {
    id: 'graph-headers-kept',
    async run(live) {
      const { path, ...mail } = await draft(live, 'headers');
      const stored = await read(live, path);
      await send(live, path);
      const sent = await whenSent(live, path);
      const of = (answer: Answer) =>
        `Message-ID ${kept(answer.text('internetMessageId'), mail.messageId)}, ` +
        `X-Effect-Key ${kept(headerKey(answer), mail.effectKey)} among the headers`;
      const after = sent === null ? 'not seen in time' : of(await read(live, path));
      return `draft: ${of(stored)}; sent: ${after}`;
    },
  },
  {
    id: 'graph-header-property',
    async run(live) {
      const { path, effectKey } = await draft(live, 'property');
      const property = async () => (await read(live, path)).list('singleValueExtendedProperties');
      const valueOf = (all: Answer[]) =>
        all.find((one) => /X-Effect-Key/i.test(one.text('id') ?? ''))?.text('value');
      const before = kept(valueOf(await property()), effectKey);
      await send(live, path);
      const sent = await whenSent(live, path);
      return `draft: ${before}; sent: ${sent === null ? 'not seen in time' : kept(valueOf(await property()), effectKey)}`;
    },
  },
  {
    id: 'graph-references-property',
    async run(live) {
      const wanted = `<first.${live.runId}@example.com>`;
      const { path } = await draft(live, 'references', { References: wanted });
      const all = (await read(live, path)).list('singleValueExtendedProperties');
      const found = all.find((one) => one.text('id')?.toLowerCase() === referencesId.toLowerCase());
      return found === undefined ? 'not readable' : kept(found.text('value'), wanted);
    },
  },
  {
    id: 'graph-reply-headers',
    async run(live) {
      const { path } = await draft(live, 'asked');
      await send(live, path);
      if ((await whenSent(live, path)) === null) return 'the mail to answer was not seen in time';
      const answer = mimeOf(live, 'answered');
      const body = Buffer.from(answer.raw).toString('base64');
      const headers = { ...immutable, 'content-type': 'text/plain' };
      const made = (await live.wire('POST', `${path}/createReply`, { headers, body })).must(
        'reply',
      );
      const own = pathOf(made);
      live.later('answer', () => live.wire('DELETE', own, { headers: immutable }));
      const stored = await read(live, own);
      const thread =
        stored.text('conversationId') === (await read(live, path)).text('conversationId');
      return (
        `Message-ID ${kept(stored.text('internetMessageId'), answer.messageId)}, ` +
        `X-Effect-Key ${kept(headerKey(stored), answer.effectKey)}, ` +
        `subject "${(stored.text('subject') ?? '').replace(live.runId, '…')}", ` +
        (thread ? 'same conversation' : 'another conversation')
      );
    },
  },
  {
    id: 'graph-second-send',
    async run(live) {
      const { path } = await draft(live, 'second');
      await send(live, path);
      const at = (await live.wire('POST', `${path}/send`, { headers: immutable })).said;
      await whenSent(live, path);
      const later = (await live.wire('POST', `${path}/send`, { headers: immutable })).said;
      return `at once ${at}, later ${later}`;
    },
  },
  {
    id: 'graph-after-202',
    async run(live) {
      const { path } = await draft(live, 'accepted');
      await send(live, path);
      const first = await live.wire('GET', path, { headers: immutable });
      const state = first.status === 200 ? `isDraft ${first.text('isDraft') ?? '?'}` : first.said;
      const sent = await whenSent(live, path);
      return `at once ${state}, ${sent === null ? 'not in Sent Items in time' : `sent copy after ${sent}`}`;
    },
  },
  {
    id: 'graph-message-if-match',
    async run(live) {
      const { path } = await draft(live, 'tagged');
      const etag = (await read(live, path)).text('@odata.etag') ?? '';
      const headers = { ...immutable, 'if-match': etag };
      const first = await changeOf(live, path, { importance: 'high' }, headers);
      const stale = await changeOf(live, path, { importance: 'low' }, headers);
      const sending = await live.wire('POST', `${path}/send`, { headers });
      return `change ${first.said}, stale change ${stale.said}, stale send ${sending.said}`;
    },
  },
  {
    id: 'graph-plain-text-kept',
    async run(live) {
      const { path, raw } = await draft(live, 'plain');
      const prefer = 'outlook.body-content-type="text", IdType="ImmutableId"';
      const stored = (await live.wire('GET', path, { headers: { prefer } })).must('read');
      const wanted = raw.slice(raw.indexOf('\r\n\r\n') + 4);
      const found = stored.text('body', 'content') ?? '';
      if (found === wanted) return 'unchanged';
      const words = (text: string) => text.replace(/\s+/g, ' ').trim();
      return words(found) === words(wanted) ? 'same words, other blanks' : 'other words';
    },
  },
  {
    id: 'graph-duplicate-category',
    async run(live) {
      const body = { displayName: live.runId, color: 'preset0' };
      const categories = '/v1.0/me/outlook/masterCategories';
      const made = (await live.wire('POST', categories, { body })).must('create');
      const own = `${categories}/${encodeURIComponent(made.text('id') ?? '')}`;
      live.later('category', () => live.wire('DELETE', own));
      return (await live.wire('POST', categories, { body })).said;
    },
  },
  {
    id: 'graph-search',
    async run(live) {
      const { path } = await draft(live, 'findable');
      await send(live, path);
      const search = async (kql: string, more: Record<string, string> = {}) => {
        const query = { $search: `"${kql}"`, $select: 'id', ...more };
        return live.wire('GET', messages, { headers: immutable, query });
      };
      const found = async (kql: string) => (await search(kql)).list('value').length > 0;
      const whole = await eventually(live, async () => ((await found(live.runId)) ? true : null));
      if (whole === null) return 'not found in time';
      const since = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
      const dated = await search(`${live.runId} AND received>=${since}`);
      const ids = `singleValueExtendedProperties($filter=id eq '${referencesId}')`;
      const expanded = await search(live.runId, { $expand: ids });
      return (
        `found after ${whole.seconds}; its first letters ${(await found(live.runId.slice(0, -3))) ? 'find it' : 'find nothing'}; ` +
        `received with an instant ${dated.said}, ${dated.list('value').length > 0 ? 'found' : 'not found'}; with $expand ${expanded.said}`
      );
    },
  },
  {
    id: 'graph-delta',
    async run(live) {
      const since = `receivedDateTime ge ${new Date(Date.now() - 3_600_000).toISOString()}`;
      const start = { changeType: 'created', $filter: since, $select: 'id' };
      const first = await live.wire('GET', `${inbox}/delta`, { headers: immutable, query: start });
      const query = { $deltatoken: 'a-token-of-nobody' };
      const stale = await live.wire('GET', `${inbox}/delta`, { headers: immutable, query });
      return `changeType with $filter ${first.said}; a stale token ${stale.said}`;
    },
  },
  {
    id: 'graph-delta-moves',
    run: deltaOfMoves,
  },
];

/** What a round of what came and one of what left tell of a mail moved out of the inbox and back. */
async function deltaOfMoves(live: Live): Promise<string> {
  const { path } = await draft(live, 'moved');
  await send(live, path);
  const received = await eventually(live, async () => {
    const query = { $filter: `startswith(subject,'moved ${live.runId}')`, $select: 'id' };
    const list = await live.wire('GET', inbox, { headers: immutable, query });
    return list.list('value')[0] ?? null;
  });
  if (received === null) return 'the mail did not arrive in time';
  const id = received.found.text('id') ?? '';
  const links = {
    created: await roundOf(live, 'created'),
    deleted: await roundOf(live, 'deleted'),
  };
  const own = pathOf(received.found);
  live.later('moved mail', () => live.wire('DELETE', own, { headers: immutable }));
  const told: string[] = [];
  for (const destinationId of ['archive', 'inbox']) {
    const headers = immutable;
    (await live.wire('POST', `${own}/move`, { headers, body: { destinationId } })).must('move');
    for (const kind of ['created', 'deleted'] as const) {
      const round = await live.wire('GET', links[kind], { headers });
      links[kind] = round.text('@odata.deltaLink') ?? links[kind];
      const ids = round.list('value').map((item) => item.text('id'));
      told.push(`to ${destinationId}: ${kind} ${ids.includes(id) ? 'tells it' : 'is silent'}`);
    }
  }
  return told.join(', ');
}

/** The end of a first round. */
async function roundOf(live: Live, changeType: string): Promise<string> {
  const query = { changeType, $select: 'id' };
  let page = await live.wire('GET', `${inbox}/delta`, { headers: immutable, query });
  for (;;) {
    const next = page.must('delta').text('@odata.nextLink');
    if (next === undefined) return page.text('@odata.deltaLink') ?? '';
    page = await live.wire('GET', next, { headers: immutable });
  }
}
