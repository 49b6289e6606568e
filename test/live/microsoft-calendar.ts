/** What is not settled about Outlook's calendar, asked of Graph's wire. Invites nobody. */
import { createHash } from 'node:crypto';
import { type Check, farDay, type Live } from './checks.ts';
import type { Answer } from './wire.ts';

const events = '/v1.0/me/events';
const key = 'String {7c31a6f0-52f1-4b0e-9d0a-2f6f0a3d1c55} Name CreationKey';
const immutable = { prefer: 'IdType="ImmutableId"' };

function transactionOf({ runId }: Live, name: string): string {
  const hex = createHash('sha256').update(`${runId}${name}`).digest('hex');
  return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(ends[i - 1] ?? 0, end)).join('-');
}

function insertAgain(live: Live, name: string): Promise<Answer> {
  const at = (time: string) => ({ dateTime: `${farDay()}T${time}:00`, timeZone: 'UTC' });
  const body = {
    transactionId: transactionOf(live, name),
    subject: `${name} ${live.runId}`,
    start: at('10:00'),
    end: at('10:30'),
    singleValueExtendedProperties: [{ id: key, value: `${live.runId}-${name}` }],
  };
  return live.wire('POST', events, { headers: immutable, body });
}

async function insert(live: Live, name: string): Promise<{ path: string; etag: string }> {
  const made = (await insertAgain(live, name)).must('create');
  const path = `${events}/${encodeURIComponent(made.text('id') ?? '')}`;
  live.later(`event ${name}`, () => live.wire('DELETE', path, { headers: immutable }));
  return { path, etag: made.text('@odata.etag') ?? '' };
}

/** The checks, in the order of docs/live-checks.md. */
export const microsoftCalendarChecks: readonly Check[] = [
  {
    id: 'graph-duplicate-transaction',
    async run(live) {
      await insert(live, 'twice');
      const again = await insertAgain(live, 'twice');
      const existing = again.has('error', '@event.existingEventId');
      return `${again.said}${existing ? ', names the event' : ''}`;
    },
  },
  {
    id: 'graph-transaction-after-delete',
    async run(live) {
      const { path } = await insert(live, 'deleted');
      (await live.wire('DELETE', path, { headers: immutable })).must('delete');
      const read = await live.wire('GET', path, { headers: immutable });
      const again = await insertAgain(live, 'deleted');
      if (again.status === 201) {
        const made = `${events}/${encodeURIComponent(again.text('id') ?? '')}`;
        live.later('event deleted', () => live.wire('DELETE', made, { headers: immutable }));
      }
      return `read ${read.said}, create ${again.said}`;
    },
  },
  {
    id: 'graph-event-if-match',
    async run(live) {
      const { path, etag } = await insert(live, 'tagged');
      const headers = { ...immutable, 'if-match': etag };
      (await live.wire('PATCH', path, { headers, body: { importance: 'high' } })).must('change');
      const stale = await live.wire('PATCH', path, { headers, body: { importance: 'low' } });
      const removed = await live.wire('DELETE', path, { headers });
      return `stale change ${stale.said}, stale delete ${removed.said}`;
    },
  },
  {
    id: 'graph-key-search',
    async run(live) {
      await insert(live, 'found');
      const is = `ep: ep/id eq '${key}' and ep/value eq '${live.runId}-found'`;
      const query = { $filter: `singleValueExtendedProperties/Any(${is})`, $select: 'id' };
      const answer = await live.wire('GET', events, { headers: immutable, query });
      if (answer.status !== 200) return answer.said;
      return answer.list('value').length === 0 ? 'not found at once' : 'found at once';
    },
  },
];
