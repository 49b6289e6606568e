/**
 * What is on the main person's private calendar, which nobody at the office can see. Data only, in
 * the form of seed-events.ts; one event lies inside working hours, so that only who reads both
 * calendars knows when the person is really free.
 */
import type { SeedEvent } from './seed-events.ts';

/** The whole table. */
export const privateEvents: readonly SeedEvent[] = [
  {
    title: 'Swimming lesson: Mia',
    by: 'private',
    week: -6,
    day: 6,
    time: '10:00',
    minutes: 60,
    rule: 'FREQ=WEEKLY;BYDAY=SA',
    skips: [[2, 6]],
  },
  {
    title: 'Book club',
    by: 'private',
    week: -8,
    day: 3,
    time: '19:30',
    minutes: 120,
    rule: 'FREQ=MONTHLY;BYDAY=2WE',
  },
  { title: 'Dinner with Jo', by: 'private', week: 0, day: 5, time: '19:00', minutes: 150 },
  { title: "Parents' evening", by: 'private', week: 1, day: 2, time: '18:30', minutes: 90 },
  {
    title: 'Plumber at home',
    by: 'private',
    week: 1,
    day: 4,
    time: '15:00',
    minutes: 60,
    extra: { location: 'At home' },
  },
  { title: 'Grandma visits', by: 'private', week: 2, day: 6, days: 2 },
  {
    title: 'Birthday: Jo',
    by: 'private',
    week: 3,
    day: 4,
    extra: { transparency: 'transparent' },
  },
];
