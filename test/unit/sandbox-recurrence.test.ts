/** Recurrence of the sandbox's calendar against instants worked out by hand. */
import { describe, expect, it } from 'vitest';
import { expand } from '#infra/sandbox/calendar/recurrence.ts';
import type { EventTime, StoredEvent } from '#infra/sandbox/office/state.ts';

function starts(start: EventTime, end: EventTime, recurrence: string[], from: string, to: string) {
  const master = { id: 'm', start, end, recurrence } as StoredEvent;
  const found = expand(master, Date.parse(from), Date.parse(to), 'Europe/Berlin');
  return found.map(
    (occurrence) => occurrence.start.date ?? new Date(occurrence.startMs).toISOString(),
  );
}
const timed = (dateTime: string, timeZone: string) => ({ dateTime, timeZone });
const year = ['2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'] as const;

describe('expand', () => {
  it('keeps nine in the morning in New York over the change of the clocks', () => {
    const zone = 'America/New_York';
    const found = starts(
      timed('2026-10-25T09:00:00-04:00', zone),
      timed('2026-10-25T10:00:00-04:00', zone),
      ['RRULE:FREQ=WEEKLY;COUNT=3'],
      ...year,
    );
    expect(found).toEqual([
      '2026-10-25T13:00:00.000Z',
      '2026-11-01T14:00:00.000Z',
      '2026-11-08T14:00:00.000Z',
    ]);
  });

  it('reads UNTIL as an instant and includes it', () => {
    const rule = (until: string) => [`RRULE:FREQ=DAILY;UNTIL=${until}`];
    const start = timed('2026-06-01T09:00:00+02:00', 'Europe/Berlin');
    const end = timed('2026-06-01T10:00:00+02:00', 'Europe/Berlin');
    expect(starts(start, end, rule('20260603T070000Z'), ...year)).toHaveLength(3);
    expect(starts(start, end, rule('20260603T065959Z'), ...year)).toHaveLength(2);
    expect(starts(start, end, rule('20260603'), ...year)).toHaveLength(3);
  });

  it('finds the first Monday of a month, the last Friday, and adds RDATE', () => {
    const start = timed('2026-06-01T16:00:00+02:00', 'Europe/Berlin');
    const end = timed('2026-06-01T17:00:00+02:00', 'Europe/Berlin');
    expect(
      starts(
        start,
        end,
        ['RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3', 'RDATE;TZID=Europe/Berlin:20260610T160000'],
        ...year,
      ),
    ).toEqual([
      '2026-06-01T14:00:00.000Z',
      '2026-06-10T14:00:00.000Z',
      '2026-07-06T14:00:00.000Z',
      '2026-08-03T14:00:00.000Z',
    ]);
  });

  it('gives all-day dates and leaves out the excluded one', () => {
    const rules = ['RRULE:FREQ=WEEKLY;COUNT=3', 'EXDATE;VALUE=DATE:20261026'];
    expect(starts({ date: '2026-10-19' }, { date: '2026-10-20' }, rules, ...year)).toEqual([
      '2026-10-19',
      '2026-11-02',
    ]);
  });

  it('includes what runs at the start of the window and nothing that starts at its end', () => {
    const start = timed('2026-06-01T09:00:00Z', 'UTC');
    const end = timed('2026-06-01T10:00:00Z', 'UTC');
    const rule = ['RRULE:FREQ=DAILY'];
    expect(starts(start, end, rule, '2026-06-02T09:59:00Z', '2026-06-03T09:00:00Z')).toEqual([
      '2026-06-02T09:00:00.000Z',
    ]);
    expect(starts(start, end, rule, '2026-06-02T10:00:00Z', '2026-06-03T09:00:00Z')).toEqual([]);
  });
});
