/** Reading times: tables of phrases, clock changes, far zones, and independence of the process. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  formatInstant,
  formatWindow,
  resolveInstant,
  resolveWindow,
} from '#activities/calendar/time-phrases.ts';

/** A Saturday. */
const BERLIN = { now: '2026-11-21T11:15:00+01:00', zone: 'Europe/Berlin' };

const INSTANTS: readonly (readonly [string, string])[] = [
  ['2026-11-24T15:00', '2026-11-24T15:00:00+01:00'],
  ['2026-11-24 15:00', '2026-11-24T15:00:00+01:00'],
  ['2026-11-24T15:00:00+01:00', '2026-11-24T15:00:00+01:00'],
  ['2026-11-24T15:00Z', '2026-11-24T16:00:00+01:00'],
  ['2026-11-24T15:00-05:00', '2026-11-24T21:00:00+01:00'],
  ['next Tuesday 3pm', '2026-11-24T15:00:00+01:00'],
  ['next Tuesday at 3 PM.', '2026-11-24T15:00:00+01:00'],
  ['3pm next Tuesday', '2026-11-24T15:00:00+01:00'],
  ['tomorrow at 9', '2026-11-22T09:00:00+01:00'],
  ['tomorrow morning at 9', '2026-11-22T09:00:00+01:00'],
  ['tomorrow at 7 in the evening', '2026-11-22T19:00:00+01:00'],
  ['tonight at 8', '2026-11-21T20:00:00+01:00'],
  ['Thursday 14:30', '2026-11-26T14:30:00+01:00'],
  ['Thursday, 14:30', '2026-11-26T14:30:00+01:00'],
  ['on Thursday at half past 2', '2026-11-26T14:30:00+01:00'],
  ['in two hours', '2026-11-21T13:15:00+01:00'],
  ['in 90 minutes', '2026-11-21T12:45:00+01:00'],
  ['in half an hour', '2026-11-21T11:45:00+01:00'],
  ['now', '2026-11-21T11:15:00+01:00'],
  ['noon', '2026-11-21T12:00:00+01:00'],
  ['10:00', '2026-11-22T10:00:00+01:00'], // passed today
  ['Saturday 10:00', '2026-11-28T10:00:00+01:00'], // passed today
  ['Saturday 12:00', '2026-11-21T12:00:00+01:00'],
  ['24 November 15:00', '2026-11-24T15:00:00+01:00'],
  ['November 24th at 3pm', '2026-11-24T15:00:00+01:00'],
  ['Tue 24 Nov 2026, 15:00', '2026-11-24T15:00:00+01:00'],
  ['Tue 24 Nov 2026, 15:00 (Europe/Berlin)', '2026-11-24T15:00:00+01:00'],
  ['the 24th at 15:00', '2026-11-24T15:00:00+01:00'],
  ['24.11.2026 15:00', '2026-11-24T15:00:00+01:00'],
  ['24/11/2026 15:00', '2026-11-24T15:00:00+01:00'],
  ['5 January 10:00', '2027-01-05T10:00:00+01:00'],
  ['Tuesday next week 9am', '2026-11-24T09:00:00+01:00'],
  ['next week Tuesday 9am', '2026-11-24T09:00:00+01:00'],
  ['in 3 days at 9:00', '2026-11-24T09:00:00+01:00'],
  ['Tuesday at 3', '2026-11-24T15:00:00+01:00'],
  ['Tuesday at 03:00', '2026-11-24T03:00:00+01:00'],
  ['12am on Tuesday', '2026-11-24T00:00:00+01:00'],
  ['12:30 pm tomorrow', '2026-11-22T12:30:00+01:00'],
];

const WINDOWS: readonly (readonly [string, string, string])[] = [
  ['today', '2026-11-21T00:00:00+01:00', '2026-11-22T00:00:00+01:00'],
  ['tomorrow', '2026-11-22T00:00:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['this week', '2026-11-16T00:00:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['next week', '2026-11-23T00:00:00+01:00', '2026-11-30T00:00:00+01:00'],
  ['the week after next', '2026-11-30T00:00:00+01:00', '2026-12-07T00:00:00+01:00'],
  ['week of 1 December', '2026-11-30T00:00:00+01:00', '2026-12-07T00:00:00+01:00'],
  ['last week', '2026-11-09T00:00:00+01:00', '2026-11-16T00:00:00+01:00'],
  ['this month', '2026-11-01T00:00:00+01:00', '2026-12-01T00:00:00+01:00'],
  ['next month', '2026-12-01T00:00:00+01:00', '2027-01-01T00:00:00+01:00'],
  ['in January', '2027-01-01T00:00:00+01:00', '2027-02-01T00:00:00+01:00'],
  ['this weekend', '2026-11-21T00:00:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['yesterday', '2026-11-20T00:00:00+01:00', '2026-11-21T00:00:00+01:00'],
  ['Thursday', '2026-11-26T00:00:00+01:00', '2026-11-27T00:00:00+01:00'],
  ['Thursday afternoon', '2026-11-26T12:00:00+01:00', '2026-11-26T18:00:00+01:00'],
  ['next Monday morning', '2026-11-23T06:00:00+01:00', '2026-11-23T12:00:00+01:00'],
  ['the afternoon of 24 November', '2026-11-24T12:00:00+01:00', '2026-11-24T18:00:00+01:00'],
  ['this afternoon', '2026-11-21T12:00:00+01:00', '2026-11-21T18:00:00+01:00'],
  ['tonight', '2026-11-21T17:00:00+01:00', '2026-11-21T22:00:00+01:00'],
  ['in the next 3 days', '2026-11-21T11:15:00+01:00', '2026-11-25T00:00:00+01:00'],
  ['the next two weeks', '2026-11-21T11:15:00+01:00', '2026-12-06T00:00:00+01:00'],
  ['within 4 hours', '2026-11-21T11:15:00+01:00', '2026-11-21T15:15:00+01:00'],
  ['the last 7 days', '2026-11-14T00:00:00+01:00', '2026-11-21T11:15:00+01:00'],
  ['the rest of this week', '2026-11-21T11:15:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['rest of the month', '2026-11-21T11:15:00+01:00', '2026-12-01T00:00:00+01:00'],
  ['2026-11-24/2026-11-28', '2026-11-24T00:00:00+01:00', '2026-11-29T00:00:00+01:00'],
  ['2026-11-24T09:00/2026-11-24T12:30', '2026-11-24T09:00:00+01:00', '2026-11-24T12:30:00+01:00'],
  ['2026-11-24', '2026-11-24T00:00:00+01:00', '2026-11-25T00:00:00+01:00'],
  ['before Thursday', '2026-11-21T11:15:00+01:00', '2026-11-26T00:00:00+01:00'],
  ['by Thursday', '2026-11-21T11:15:00+01:00', '2026-11-27T00:00:00+01:00'],
  ['before next week', '2026-11-21T11:15:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['before Thursday 14:00', '2026-11-21T11:15:00+01:00', '2026-11-26T14:00:00+01:00'],
  ['between Monday and Wednesday', '2026-11-23T00:00:00+01:00', '2026-11-26T00:00:00+01:00'],
  ['Thursday to Monday', '2026-11-26T00:00:00+01:00', '2026-12-01T00:00:00+01:00'],
  ['Mon-Wed', '2026-11-23T00:00:00+01:00', '2026-11-26T00:00:00+01:00'],
  ['Monday to Wednesday next week', '2026-11-23T00:00:00+01:00', '2026-11-26T00:00:00+01:00'],
  ['24 to 28 November', '2026-11-24T00:00:00+01:00', '2026-11-29T00:00:00+01:00'],
  ['tomorrow 14:00-16:00', '2026-11-22T14:00:00+01:00', '2026-11-22T16:00:00+01:00'],
  ['between 2pm and 4pm tomorrow', '2026-11-22T14:00:00+01:00', '2026-11-22T16:00:00+01:00'],
  ['Thursday from 2 to 4pm', '2026-11-26T14:00:00+01:00', '2026-11-26T16:00:00+01:00'],
  ['Thursday from 11 to 1pm', '2026-11-26T11:00:00+01:00', '2026-11-26T13:00:00+01:00'],
  ['2026-11-24 14:00-16:00', '2026-11-24T14:00:00+01:00', '2026-11-24T16:00:00+01:00'],
  ['Monday 9-10', '2026-11-23T09:00:00+01:00', '2026-11-23T10:00:00+01:00'],
  ['Thursday 9 to 5', '2026-11-26T09:00:00+01:00', '2026-11-26T17:00:00+01:00'],
  ['24 November between 10 and 12', '2026-11-24T10:00:00+01:00', '2026-11-24T12:00:00+01:00'],
  ['November 24 to 28', '2026-11-24T00:00:00+01:00', '2026-11-29T00:00:00+01:00'],
  ['Dec 1-5', '2026-12-01T00:00:00+01:00', '2026-12-06T00:00:00+01:00'],
  ['24-28 November', '2026-11-24T00:00:00+01:00', '2026-11-29T00:00:00+01:00'],
  ['tomorrow after 3pm', '2026-11-22T15:00:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['tomorrow before noon', '2026-11-22T00:00:00+01:00', '2026-11-22T12:00:00+01:00'],
  ['by the end of the week', '2026-11-21T11:15:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['by the end of next week', '2026-11-21T11:15:00+01:00', '2026-11-30T00:00:00+01:00'],
  ['by end of day', '2026-11-21T11:15:00+01:00', '2026-11-22T00:00:00+01:00'],
  ['any time next week', '2026-11-23T00:00:00+01:00', '2026-11-30T00:00:00+01:00'],
  ['later today', '2026-11-21T11:15:00+01:00', '2026-11-22T00:00:00+01:00'],
  ['all day tomorrow', '2026-11-22T00:00:00+01:00', '2026-11-23T00:00:00+01:00'],
  ['the next 30 minutes', '2026-11-21T11:15:00+01:00', '2026-11-21T11:45:00+01:00'],
  ['2 days ago', '2026-11-19T00:00:00+01:00', '2026-11-20T00:00:00+01:00'],
  ['next week Tuesday afternoon', '2026-11-24T12:00:00+01:00', '2026-11-24T18:00:00+01:00'],
];

// The last three have changed clocks at midnight, skipped a whole day, or lie far from UTC.
const PROCESS_ZONES = [
  'UTC',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Pacific/Apia',
  'Asia/Beirut',
];
const processZone = process.env.TZ;

describe.each(PROCESS_ZONES)('in a process that runs in %s', (zone) => {
  beforeAll(() => {
    process.env.TZ = zone;
    expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(zone);
  });
  afterAll(() => {
    if (processZone === undefined) delete process.env.TZ;
    else process.env.TZ = processZone;
  });

  it.each(INSTANTS)('reads the instant "%s" as %s', (phrase, iso) => {
    expect(resolveInstant(phrase, BERLIN).iso).toBe(iso);
  });

  it.each(WINDOWS)('reads the window "%s" as %s to %s', (phrase, from, to) => {
    const window = resolveWindow(phrase, BERLIN);
    expect([window.from, window.to]).toEqual([from, to]);
    expect([Date.parse(from), Date.parse(to)]).toEqual([window.fromMs, window.toMs]);
  });
});

describe('zones far from UTC', () => {
  const now = '2026-11-21T10:30:00Z';
  it.each([
    ['Pacific/Kiritimati', '2026-11-23T00:00:00+14:00'], // already Sunday there
    ['Pacific/Chatham', '2026-11-23T00:00:00+13:45'], // Sunday, 00:15
    ['Pacific/Pago_Pago', '2026-11-21T00:00:00-11:00'], // still Friday
    ['Asia/Kathmandu', '2026-11-22T00:00:00+05:45'],
    ['America/St_Johns', '2026-11-22T00:00:00-03:30'],
  ])('takes tomorrow from the calendar on the wall in %s', (zone, from) => {
    expect(resolveWindow('tomorrow', { now, zone }).from).toBe(from);
  });

  it('takes a zone at the end of a phrase over the one in the context', () => {
    const found = resolveInstant('tomorrow 15:00 America/New_York', BERLIN);
    expect([found.iso, found.zone]).toEqual(['2026-11-22T15:00:00-05:00', 'America/New_York']);
    expect(resolveInstant('tomorrow 15:00 UTC', BERLIN).ms).toBe(Date.parse('2026-11-22T15:00Z'));
  });
});

describe('days on which clocks change', () => {
  const spring = { now: '2026-03-27T12:00:00+01:00', zone: 'Europe/Berlin' };
  const autumn = { now: '2026-10-23T12:00:00+02:00', zone: 'Europe/Berlin' };

  it('moves a skipped time forward by the gap and says so', () => {
    const found = resolveInstant('2026-03-29T02:30', spring);
    expect([found.iso, found.adjusted]).toEqual(['2026-03-29T03:30:00+02:00', 'gap']);
    expect(found.notes.join()).toContain('skip');
  });

  it('takes the first of a time shown twice and says so', () => {
    const found = resolveInstant('Sunday at 02:30', autumn);
    expect([found.iso, found.adjusted]).toEqual(['2026-10-25T02:30:00+02:00', 'overlap']);
    expect(found.notes.join()).toContain('twice');
  });

  it.each([
    ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-04T02:45:00+11:00', 'gap'],
    ['Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-05T01:45:00+11:00', 'overlap'],
    ['America/Santiago', '2026-09-06T00:30', '2026-09-06T01:30:00-03:00', 'gap'],
    ['Pacific/Auckland', '2026-09-27T02:30', '2026-09-27T03:30:00+13:00', 'gap'],
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T01:30:00-04:00', 'overlap'],
  ])('does the same in %s at %s', (zone, phrase, iso, adjusted) => {
    const found = resolveInstant(phrase, { now: '2026-01-01T00:00:00Z', zone });
    expect([found.iso, found.adjusted]).toEqual([iso, adjusted]);
  });

  it('leaves times beside a change alone', () => {
    for (const time of ['01:59', '03:00', '12:00']) {
      expect(resolveInstant(`2026-03-29T${time}`, spring).adjusted).toBeUndefined();
    }
  });

  it('makes that day 23 or 25 hours long', () => {
    const hours = (phrase: string, context: typeof spring) => {
      const window = resolveWindow(phrase, context);
      return (window.toMs - window.fromMs) / 3_600_000;
    };
    expect(hours('Sunday', spring)).toBe(23);
    expect(hours('Sunday', autumn)).toBe(25);
    expect(hours('this week', spring)).toBe(7 * 24 - 1);
  });

  it('starts a day whose midnight is skipped at its first instant', () => {
    const zone = 'America/Santiago';
    const window = resolveWindow('2026-09-06', { now: '2026-09-01T12:00:00Z', zone });
    expect(window.from).toBe('2026-09-06T01:00:00-03:00');
    expect(window.to).toBe('2026-09-07T00:00:00-03:00');
  });

  it('counts "in two hours" in real hours across a change', () => {
    const now = '2026-03-29T01:30:00+01:00';
    const found = resolveInstant('in two hours', { now, zone: 'Europe/Berlin' });
    expect(found.iso).toBe('2026-03-29T04:30:00+02:00');
  });
});

describe('times as cards show them', () => {
  it('shows weekday, date, 24-hour time and zone', () => {
    expect(formatInstant(Date.parse('2026-11-24T14:00Z'), 'Europe/Berlin')).toBe(
      'Tue 24 Nov 2026, 15:00 (Europe/Berlin)',
    );
  });

  it.each([
    ['next week', 'Mon 23 Nov 2026 to Sun 29 Nov 2026 (Europe/Berlin)'],
    ['tomorrow', 'Sun 22 Nov 2026 (Europe/Berlin)'],
    ['tomorrow 14:00-16:00', 'Sun 22 Nov 2026, 14:00–16:00 (Europe/Berlin)'],
    ['before Monday', 'Sat 21 Nov 2026, 11:15 to Mon 23 Nov 2026, 00:00 (Europe/Berlin)'],
  ])('shows the window "%s" as %s', (phrase, label) => {
    const window = resolveWindow(phrase, BERLIN);
    expect(window.label).toBe(label);
    expect(formatWindow(window.fromMs, window.toMs, window.zone)).toBe(label);
  });

  it('shows an instant in a form that reads back as the same instant', () => {
    const found = resolveInstant('next Thursday 14:30', BERLIN);
    expect(resolveInstant(found.label, BERLIN).ms).toBe(found.ms);
  });
});
