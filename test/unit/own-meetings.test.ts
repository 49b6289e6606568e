/** Telling the person's own busy time apart: nothing reported as busy becomes free by it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeBusy } from '#activities/calendar/availability.ts';
import { tellApart } from '#activities/calendar/own-meetings.ts';
import type { CalendarEvent } from '#activities/calendar/port.ts';

type Known = Pick<CalendarEvent, 'startMs' | 'endMs'> & Partial<CalendarEvent>;
const event = (known: Known): CalendarEvent =>
  ({
    busy: true,
    cancelled: false,
    showAs: 'busy',
    response: 'organizer',
    location: null,
    rooms: [],
    ...known,
  }) as unknown as CalendarEvent;

it('marks what is tentative and what is elsewhere, and leaves the rest as reported', () => {
  const told = tellApart(
    [{ startMs: 0, endMs: 100 }],
    [
      event({ startMs: 10, endMs: 20, showAs: 'tentative' }),
      event({ startMs: 15, endMs: 30, location: 'Hauptstraße 5' }),
      event({ startMs: 40, endMs: 50, location: 'https://meet.example.com/x' }),
      event({ startMs: 60, endMs: 70, response: 'tentative', location: 'Studio 3' }),
      event({ startMs: 80, endMs: 90, showAs: 'free', busy: false, location: 'Park' }),
    ],
  );
  expect(told).toEqual([
    { startMs: 0, endMs: 10 },
    { startMs: 15, endMs: 60 },
    { startMs: 70, endMs: 100 },
    { startMs: 10, endMs: 20, tentative: true, elsewhere: false },
    { startMs: 60, endMs: 70, tentative: true, elsewhere: true },
    { startMs: 15, endMs: 30, tentative: false, elsewhere: true },
  ]);
});

it('covers everything that was reported', () => {
  const interval = fc
    .tuple(fc.nat(200), fc.integer({ min: 1, max: 40 }))
    .map(([startMs, length]) => ({ startMs, endMs: startMs + length }));
  const events = interval.chain((time) =>
    fc
      .constantFrom<Partial<CalendarEvent>>(
        { showAs: 'tentative' },
        { location: 'Office' },
        { showAs: 'free', busy: false },
        { cancelled: true },
      )
      .map((more) => event({ ...time, ...more })),
  );
  fc.assert(
    fc.property(fc.array(interval), fc.array(events), (reported, known) => {
      const busy = known.filter((one) => one.busy && !one.cancelled);
      expect(mergeBusy(tellApart(reported, known))).toEqual(mergeBusy([...reported, ...busy]));
    }),
  );
});
