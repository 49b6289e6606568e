/** What every calendar provider must do. A provider's test file runs it with a port of its own. */
import { beforeAll, describe, expect, it } from 'vitest';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { type CalendarPort, type NewEvent, plainEvent } from '#activities/calendar/port.ts';
import { type CalendarScene, itKeepsSeries } from './calendar-port-series.ts';
import { effectKey } from './contexts.ts';

/** A port with what the suite must know of the office behind it. */
export interface CalendarPortUnderTest {
  port: CalendarPort;
  owner: string;
  /** Somebody whose free/busy can be read, and somebody whose cannot. */
  colleague: string;
  unreadable: string;
  /** The colleague's own calendar: it invites the owner. */
  colleaguePort: CalendarPort;
  /** A meeting room that can be invited. */
  room: string;
  /** A moment with nothing in the owner's calendar for two hours, RFC 3339 in `Europe/Berlin`. */
  freeAt: string;
}

const zone = 'Europe/Berlin';
const hourMs = 3_600_000;

/** Runs the suite. */
export function describeCalendarPort(
  name: string,
  makePort: () => Promise<CalendarPortUnderTest>,
): void {
  describe(`${name} as a calendar`, () => {
    let given: CalendarPortUnderTest;
    let port: CalendarPort;
    let startMs: number;
    beforeAll(async () => {
      given = await makePort();
      port = given.port;
      startMs = Date.parse(given.freeAt);
    });
    const at = (hours: number) => new Date(startMs + hours * hourMs).toISOString();
    const eventOf = (key: string, guests: string[] = []): NewEvent => ({
      ...plainEvent,
      effectKey: effectKey(key),
      title: `Event ${key}`,
      start: at(0),
      end: at(1),
      zone,
      guests,
      location: 'Here',
      description: 'Why',
    });
    const insert = (key: string, guests: string[] = []) => port.insertEvent(eventOf(key, guests));
    const change = (key: string, event: { id: string; etag: string }) => ({
      effectKey: effectKey(key),
      eventId: event.id,
      etag: event.etag,
      notify: false,
    });

    const scene: CalendarScene = {
      get port() {
        return port;
      },
      get startMs() {
        return startMs;
      },
      at,
      eventOf,
      change,
    };

    it('keeps what it was given and finds it by id, by key and in a window', async () => {
      const event = await insert('kept', [given.colleague]);
      expect(event).toMatchObject({
        title: 'Event kept',
        startMs,
        endMs: startMs + hourMs,
        allDay: null,
        location: 'Here',
        description: 'Why',
        cancelled: false,
        isSeries: false,
        recurrence: null,
        recurringEventId: null,
        busy: true,
        showAs: 'busy',
        kind: 'default',
        private: false,
        conferenceLink: null,
        response: 'organizer',
        rooms: [],
        effectKey: effectKey('kept'),
        organizer: { email: given.owner, self: true },
      });
      expect(event.guests.map(({ email }) => email)).toEqual([given.colleague]);
      expect(await port.getEvent(event.id, zone)).toEqual(event);
      expect(await port.findCreated(effectKey('kept'), zone)).toEqual(event);
      const window = { fromMs: startMs, toMs: startMs + hourMs, zone, limit: 20 };
      const { events } = await port.listEvents(window);
      expect(events.map(({ id }) => id)).toContain(event.id);
    });

    it('knows nothing of ids and keys that never were', async () => {
      expect(await port.getEvent('neverwas', zone)).toBeNull();
      expect(await port.findCreated(effectKey('neverwas'), zone)).toBeNull();
    });

    it('refuses a second event for one key without saying that it did nothing', async () => {
      await insert('double');
      await expect(insert('double')).rejects.toThrow(UnknownOutcomeError);
    });

    it('moves under the etag it was given, changes the etag, and refuses the old one', async () => {
      const event = await insert('moved');
      const patch = { start: at(1), end: at(2), zone };
      const moved = await port.updateEvent({ ...change('move', event), patch });
      expect(moved).toMatchObject({ startMs: startMs + hourMs, title: 'Event moved' });
      expect(moved.etag).not.toBe(event.etag);
      const back = { start: at(0), end: at(1), zone };
      const stale = port.updateEvent({ ...change('move', event), patch: back });
      await expect(stale).rejects.toMatchObject({ type: 'PreconditionFailedError' });
      const gone = { effectKey: effectKey('del'), eventId: event.id, notify: false };
      await expect(port.deleteEvent({ ...gone, etag: event.etag })).rejects.toMatchObject({
        type: 'PreconditionFailedError',
      });
      await port.deleteEvent({ ...gone, etag: moved.etag });
      const after = await port.getEvent(event.id, zone);
      expect(after === null || after.cancelled).toBe(true);
      await expect(port.deleteEvent({ ...gone, etag: moved.etag })).rejects.toThrow(
        UnknownOutcomeError,
      );
    });

    it('keeps optional guests, rooms, reminder, privacy, showing and a link to meet', async () => {
      const event = await port.insertEvent({
        ...eventOf('whole', [given.colleague]),
        optionalGuests: [given.unreadable],
        rooms: [given.room],
        reminderMinutes: 15,
        conference: true,
        private: true,
        showAs: 'tentative',
      });
      expect(event).toMatchObject({
        guests: [
          { email: given.colleague, optional: false },
          { email: given.unreadable, optional: true },
        ],
        rooms: [{ email: given.room }],
        reminderMinutes: 15,
        private: true,
        showAs: 'tentative',
        busy: true,
      });
      expect(event.conferenceLink).toMatch(/^https:/);
      expect(await port.getEvent(event.id, zone)).toMatchObject({ rooms: event.rooms });
    });

    it('changes what a change names, leaves the rest and keeps the answers of guests', async () => {
      const event = await insert('changed', [given.colleague]);
      const theirs = await given.colleaguePort.listEvents({
        fromMs: startMs,
        toMs: startMs + hourMs,
        zone,
        limit: 50,
      });
      const invitation = theirs.events.find(({ title }) => title === 'Event changed')!;
      // Microsoft tells the organizer of an answer only when it is asked to.
      const answer = { response: 'accepted', comment: null, notify: true } as const;
      await given.colleaguePort.respond({ ...change('changed.yes', invitation), ...answer });
      const answered = (await port.getEvent(event.id, zone))!;
      expect(answered.guests).toMatchObject([{ email: given.colleague, response: 'accepted' }]);
      const changed = await port.updateEvent({
        ...change('change', answered),
        patch: { title: 'Other', optionalGuests: [given.unreadable], showAs: 'free' },
      });
      expect(changed).toMatchObject({
        title: 'Other',
        location: 'Here',
        description: 'Why',
        startMs,
        showAs: 'free',
        busy: false,
        effectKey: effectKey('change'),
        guests: [
          { email: given.colleague, response: 'accepted', optional: false },
          { email: given.unreadable, response: 'none', optional: true },
        ],
      });
      const emptied = await port.updateEvent({
        ...change('empty', changed),
        patch: { location: null, description: null, guests: [], optionalGuests: [] },
      });
      expect(emptied.guests).toEqual([]);
      expect(emptied.location ?? '').toBe('');
    });

    it('answers an invitation, tells the organizer, and refuses where nobody asked', async () => {
      const asked = await given.colleaguePort.insertEvent(eventOf('asked', [given.owner]));
      const window = { fromMs: startMs, toMs: startMs + hourMs, zone, limit: 50 };
      const mine = (await port.listEvents(window)).events.find(
        ({ title }) => title === 'Event asked',
      )!;
      expect(mine).toMatchObject({
        response: 'none',
        organizer: { email: given.colleague, self: false },
      });
      const declined = await port.respond({
        ...change('answer', mine),
        response: 'declined',
        comment: 'Away that day',
        notify: true,
      });
      expect(declined.response).toBe('declined');
      const seen = await given.colleaguePort.getEvent(asked.id, zone);
      expect(seen!.guests).toMatchObject([{ email: given.owner, response: 'declined' }]);
      const own = await insert('own');
      const answer = { response: 'accepted', comment: null } as const;
      const refused = port.respond({ ...change('own.answer', own), ...answer });
      await expect(refused).rejects.toMatchObject({ type: 'InvalidInputError' });
    });

    itKeepsSeries(scene);

    it('keeps days as days', async () => {
      const allDay = { start: '2026-10-24', end: '2026-10-27' };
      const made = await port.insertEvent({ ...eventOf('days'), ...allDay });
      expect(made.allDay).toEqual({ from: '2026-10-24', to: '2026-10-27' });
      const read = await port.getEvent(made.id, zone);
      // The clock goes back on 25 October: three days of 73 hours.
      expect(read!.endMs - read!.startMs).toBe(73 * hourMs);
    });

    it('tells the zone of the calendar', async () => {
      expect((await port.settings()).zone).toBe(zone);
    });

    it('expands series into occurrences, sorted by start, and says when there are more', async () => {
      const window = { fromMs: startMs - 14 * 24 * hourMs, toMs: startMs + 14 * 24 * hourMs, zone };
      const { events, truncated } = await port.listEvents({ ...window, limit: 250 });
      expect(truncated).toBe(false);
      expect(events.some(({ recurringEventId }) => recurringEventId !== null)).toBe(true);
      expect(events.some(({ isSeries }) => isSeries)).toBe(false);
      const starts = events.map((event) => event.startMs);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      const few = await port.listEvents({ ...window, limit: 2 });
      expect([few.events.length, few.truncated]).toEqual([2, true]);
    });

    it('tells busy times of several people, and unknown where it may not look', async () => {
      await insert('busy', [given.colleague]);
      const people = [given.owner, given.colleague, given.unreadable, 'nobody@office.example.com'];
      const busy = await port.busyTimes(people, startMs, startMs + hourMs);
      for (const email of [given.owner, given.colleague]) {
        expect(busy.get(email)).toContainEqual({ startMs, endMs: startMs + hourMs });
      }
      expect(busy.get(given.unreadable)).toBe('unknown');
      expect(busy.get('nobody@office.example.com')).toBe('unknown');
    });
  });
}
