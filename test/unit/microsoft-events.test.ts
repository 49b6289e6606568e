/** Graph's events read and written: what Graph fills in, leaves out, or cannot be told. */
import { describe, expect, it } from 'vitest';
import { patchBodyOf, requireKnownGaps } from '#activities/calendar/microsoft-changes.ts';
import {
  type GraphEvent,
  toCalendarEvent,
  toChangeBody,
  toNewBody,
} from '#activities/calendar/microsoft-events.ts';
import { plainEvent } from '#activities/calendar/port.ts';

const zone = 'Europe/Berlin';
const account = 'me@office.example.com';
const utc = (dateTime: string) => ({ dateTime: `${dateTime}.0000000`, timeZone: 'UTC' });
/** The event of the vendor's documentation, with zeros in what its type does not use. */
const series: GraphEvent = {
  '@odata.etag': 'W/"Z=="',
  id: 'AAMk',
  subject: '',
  type: 'seriesMaster',
  isOrganizer: true,
  isAllDay: false,
  isReminderOn: false,
  reminderMinutesBeforeStart: 15,
  start: utc('2026-03-24T09:00:00'),
  end: utc('2026-03-24T09:30:00'),
  originalStartTimeZone: 'W. Europe Standard Time',
  body: { contentType: 'text', content: 'One\r\ntwo\r\n' },
  location: { displayName: '' },
  recurrence: {
    pattern: {
      type: 'weekly',
      interval: 1,
      month: 0,
      dayOfMonth: 0,
      daysOfWeek: ['tuesday'],
      firstDayOfWeek: 'sunday',
      index: 'first',
    },
    range: {
      type: 'endDate',
      startDate: '2026-03-24',
      endDate: '2026-04-14',
      recurrenceTimeZone: 'W. Europe Standard Time',
      numberOfOccurrences: 0,
    },
  },
  cancelledOccurrences: ['OID.AAMk.2026-03-31'],
};
const read = (change: GraphEvent = {}) => toCalendarEvent({ ...series, ...change }, zone, account);
const write = (change: object) =>
  toNewBody({
    ...plainEvent,
    effectKey: 'ab'.repeat(32),
    title: 'T',
    start: '2026-03-24T10:00:00+01:00',
    end: '2026-03-24T10:30:00+01:00',
    zone,
    guests: [],
    location: null,
    description: null,
    ...change,
  });

describe('reading', () => {
  it('keeps the clock of a series: its end and its gaps over a change to summer time', () => {
    expect(read()).toMatchObject({
      title: '(no title)',
      zone,
      isSeries: true,
      description: 'One\ntwo',
      location: null,
      reminderMinutes: null,
      recurrence: {
        rule: 'FREQ=WEEKLY;BYDAY=TU;UNTIL=20260414T080000Z',
        excluded: ['2026-03-31T10:00:00+02:00'],
      },
    });
  });

  it('takes days of all-day events as they stand, and gaps of their series as days', () => {
    const allDay = {
      isAllDay: true,
      start: utc('2026-03-24T00:00:00'),
      end: utc('2026-03-25T00:00:00'),
    };
    expect(read(allDay)).toMatchObject({
      allDay: { from: '2026-03-24', to: '2026-03-25' },
      startMs: Date.parse('2026-03-24T00:00:00+01:00'),
      recurrence: { rule: 'FREQ=WEEKLY;BYDAY=TU;UNTIL=20260414', excluded: ['2026-03-31'] },
    });
    const one = { ...allDay, type: 'occurrence' as const, recurrence: null };
    for (const originalStart of ['2026-03-24T00:00:00Z', '2026-03-23T23:00:00Z']) {
      expect(read({ ...one, originalStart }).originalStartMs).toBe(
        Date.parse('2026-03-24T00:00:00+01:00'),
      );
    }
  });

  it.each([
    ['free', 'free', 'default', false],
    ['tentative', 'tentative', 'default', true],
    ['busy', 'busy', 'default', true],
    ['oof', 'outOfOffice', 'outOfOffice', true],
    ['workingElsewhere', 'workingElsewhere', 'workingLocation', false],
    ['unknown', 'busy', 'default', true],
  ] as const)('shows %s as %s, kind %s, busy: %s', (showAs, shown, kind, busy) => {
    expect(read({ showAs })).toMatchObject({ showAs: shown, kind, busy });
  });

  it('tells guests from rooms and from the owner, and takes any secrecy for private', () => {
    const attendee = (address: string, type: 'required' | 'optional' | 'resource') => ({
      emailAddress: { address, name: 'N' },
      type,
      status: { response: 'tentativelyAccepted' as const },
    });
    const event = read({
      isOrganizer: false,
      responseStatus: { response: 'notResponded' },
      sensitivity: 'confidential',
      attendees: [
        attendee('Me@office.example.com', 'required'),
        attendee('A@b.example', 'optional'),
        attendee('room@b.example', 'resource'),
      ],
    });
    expect(event).toMatchObject({
      response: 'none',
      private: true,
      guests: [{ email: 'a@b.example', name: 'N', response: 'tentative', optional: true }],
      rooms: [{ email: 'room@b.example' }],
    });
  });
});

describe('writing', () => {
  it('names the clock of a zone, or UTC for an instant where Windows has no such zone', () => {
    expect(write({}).start).toEqual({
      dateTime: '2026-03-24T10:00:00.000',
      timeZone: 'W. Europe Standard Time',
    });
    const there = { zone: 'Asia/Bishkek' };
    expect(write(there).start).toEqual({ dateTime: '2026-03-24T09:00:00.000', timeZone: 'UTC' });
    const refused = expect.objectContaining({ type: 'InvalidInputError' });
    const recurrence = { rule: 'FREQ=DAILY', excluded: [] };
    expect(() => write({ ...there, recurrence })).toThrow(refused);
    expect(() => write({ ...there, start: '2026-03-24', end: '2026-03-25' })).toThrow(refused);
  });

  it('gives the transaction the UUID of the effect key', () => {
    expect(write({}).transactionId).toBe('abababab-abab-abab-abab-abababababab');
  });

  it('says nothing of what was not asked for', () => {
    expect(Object.keys(write({})).toSorted()).toEqual(
      [
        'attendees end isAllDay sensitivity showAs singleValueExtendedProperties start subject',
        'transactionId',
      ]
        .join(' ')
        .split(' '),
    );
    expect(toChangeBody('k', { title: 'T' }, false)).toMatchObject({ subject: 'T' });
    expect(Object.keys(toChangeBody('k', { title: 'T' }, false))).toHaveLength(2);
  });

  it('sends the days of a series with its pattern when its first day moves, and only then', () => {
    const times = (day: string) => ({
      start: `2026-03-${day}T11:00:00+01:00`,
      end: `2026-03-${day}T11:30:00+01:00`,
      zone,
    });
    expect(patchBodyOf('k', times('24'), read()).recurrence).toBeUndefined();
    const daily = { type: 'daily' as const, interval: 1 };
    const moved = read({ recurrence: { pattern: daily, range: { type: 'noEnd' } } });
    expect(patchBodyOf('k', times('25'), { ...moved }).recurrence?.range).toMatchObject({
      startDate: '2026-03-25',
    });
    expect(() => patchBodyOf('k', times('25'), read())).toThrow('not one of its days');
  });

  it('refuses gaps that are not there yet, and taking a meeting link away', () => {
    const refused = expect.objectContaining({ type: 'InvalidInputError' });
    const gap = (start: string) => ({ rule: 'FREQ=DAILY', excluded: [start] });
    expect(() => requireKnownGaps(gap('2026-03-31'), null)).toThrow(refused);
    expect(() => requireKnownGaps(gap('2026-03-31T08:00:00Z'), read().recurrence)).not.toThrow();
    expect(() => requireKnownGaps(gap('2026-04-07T08:00:00Z'), read().recurrence)).toThrow(refused);
    const online = read({ onlineMeeting: { joinUrl: 'https://meet.example.com/x' } });
    expect(() => patchBodyOf('k', { conference: false }, online)).toThrow(refused);
  });
});
