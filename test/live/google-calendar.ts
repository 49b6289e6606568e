/** What is not settled about Google Calendar, asked of the wire. Invites nobody. */
import { type Check, farDay, type Live } from './checks.ts';
import type { Answer } from './wire.ts';

const events = '/calendar/v3/calendars/primary/events';

/** An id as ours are: base32hex, from the run and a name. */
function idOf({ runId }: Live, name: string): string {
  return Buffer.from(`${runId}${name}`).toString('hex');
}

async function insert(live: Live, name: string, more: object = {}): Promise<Answer> {
  const id = idOf(live, name);
  const answer = await insertAgain(live, name, more);
  live.later(`event ${name}`, () => live.wire('DELETE', `${events}/${id}`));
  return answer.must('insert');
}

function insertAgain(live: Live, name: string, more: object = {}): Promise<Answer> {
  const at = (hour: string) => ({ dateTime: `${farDay()}T${hour}:00Z`, timeZone: 'Europe/Berlin' });
  const extendedProperties = { private: { effectKey: `${live.runId}-${name}` } };
  return live.wire('POST', events, {
    query: { sendUpdates: 'none' },
    body: {
      id: idOf(live, name),
      summary: `${name} ${live.runId}`,
      start: at('10:00'),
      end: at('10:30'),
      extendedProperties,
      ...more,
    },
  });
}

function pathOf(event: Answer): string {
  return `${events}/${event.text('id') ?? ''}`;
}

const daily = 'RRULE:FREQ=DAILY;COUNT=3';

/** The checks, in the order of docs/live-checks.md. */
export const googleCalendarChecks: readonly Check[] = [
  {
    id: 'google-duplicate-id',
    async run(live) {
      await insert(live, 'twice');
      return (await insertAgain(live, 'twice')).said;
    },
  },
  {
    id: 'google-deleted-id',
    async run(live) {
      const path = pathOf(await insert(live, 'deleted'));
      (await live.wire('DELETE', path)).must('delete');
      const read = await live.wire('GET', path);
      const changed = await live.wire('PATCH', path, { body: { summary: `again ${live.runId}` } });
      const again = await insertAgain(live, 'deleted');
      const gone = await live.wire('DELETE', path);
      const state = `read ${read.said} status ${read.text('status') ?? 'none'}`;
      return `${state}, change ${changed.said}, insert ${again.said}, delete ${gone.said}`;
    },
  },
  {
    id: 'google-if-match',
    async run(live) {
      const made = await insert(live, 'tagged');
      const path = pathOf(made);
      const headers = { 'if-match': made.text('etag') ?? '' };
      (await live.wire('PATCH', path, { headers, body: { location: 'Here' } })).must('change');
      const stale = await live.wire('PATCH', path, { headers, body: { location: 'There' } });
      const removed = await live.wire('DELETE', path, { headers });
      return `stale change ${stale.said}, stale delete ${removed.said}`;
    },
  },
  {
    id: 'google-delete-instance',
    async run(live) {
      const path = pathOf(await insert(live, 'series', { recurrence: [daily] }));
      const all = (await live.wire('GET', `${path}/instances`)).must('instances');
      const instance = all.text('items', 1, 'id') ?? '';
      const removed = await live.wire('DELETE', `${events}/${instance}`);
      const read = await live.wire('GET', `${events}/${instance}`);
      const left = (await live.wire('GET', `${path}/instances`)).must('instances');
      return `${removed.said}, read ${read.said} status ${read.text('status') ?? 'none'}, ${left.list('items').length} of 3 left`;
    },
  },
  {
    id: 'google-key-search',
    async run(live) {
      await insert(live, 'found');
      const query = { privateExtendedProperty: `effectKey=${live.runId}-found` };
      const found = (await live.wire('GET', events, { query })).must('list');
      return found.list('items').length === 0 ? 'not found at once' : 'found at once';
    },
  },
  {
    id: 'google-conference-request',
    async run(live) {
      const createRequest = {
        requestId: `${live.runId}-meet`,
        conferenceSolutionKey: { type: 'hangoutsMeet' },
      };
      const made = await insert(live, 'meet');
      const body = { conferenceData: { createRequest } };
      const query = { conferenceDataVersion: 1 };
      const link = async () =>
        (await live.wire('PATCH', pathOf(made), { query, body }))
          .must('change')
          .text('hangoutLink');
      const [first, second] = [await link(), await link()];
      if (first === undefined) return 'no link in the answer';
      return first === second ? 'one link for one request id' : 'two links for one request id';
    },
  },
  {
    id: 'google-stale-sync-token',
    async run(live) {
      return (await live.wire('GET', events, { query: { syncToken: 'CAAQAA==' } })).said;
    },
  },
];
