/** What every calendar provider must do. A provider's test file runs it with a port of its own. */
import { beforeAll, describe, expect, it } from 'vitest';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import type { CalendarPort } from '#activities/calendar/port.ts';
import { effectKey } from './google-setup.ts';

/** A port with what the suite must know of the office behind it. */
export interface CalendarPortUnderTest {
  port: CalendarPort;
  owner: string;
  /** Somebody whose free/busy can be read, and somebody whose cannot. */
  colleague: string;
  unreadable: string;
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
    const insert = (key: string, guests: string[] = []) =>
      port.insertEvent({
        effectKey: effectKey(key),
        title: `Event ${key}`,
        start: at(0),
        end: at(1),
        zone,
        guests,
        location: 'Here',
        description: 'Why',
      });

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
        busy: true,
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
      const change = { effectKey: effectKey('move'), eventId: event.id, notify: false, zone };
      const moved = await port.moveEvent({ ...change, etag: event.etag, start: at(1), end: at(2) });
      expect(moved).toMatchObject({ startMs: startMs + hourMs, title: 'Event moved' });
      expect(moved.etag).not.toBe(event.etag);
      const stale = port.moveEvent({ ...change, etag: event.etag, start: at(0), end: at(1) });
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
