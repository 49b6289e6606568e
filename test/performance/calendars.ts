/** Made-up calendars for the search for times: seeded, so that every run searches the same. */
import type { Participant } from '#activities/calendar/availability.ts';
import { randomNumbers } from './statistics.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const zones = ['Europe/Berlin', 'Europe/London', 'America/New_York', 'Asia/Kolkata'] as const;

/** An event as a calendar returns it. */
export type Busy = { readonly startMs: number; readonly endMs: number };

/** Where the year of the benchmark begins: Thursday 1 January 2026, UTC. */
export const yearStartMs = Date.UTC(2026, 0, 1);

/** Work days of one calendar: about nine meetings of 15 to 60 minutes a day, some overlapping. */
export function calendarOf(seed: number, days: number): Busy[] {
  const random = randomNumbers(seed);
  const busy: Busy[] = [];
  for (let day = 0; day < days; day += 1) {
    const weekday = new Date(yearStartMs + day * dayMs).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    const meetings = 7 + Math.floor(random() * 5);
    const starts = Array.from({ length: meetings }, () => Math.floor(random() * 44) * 15);
    for (const start of starts.sort((a, b) => a - b)) {
      const startMs = yearStartMs + day * dayMs + (6 * 60 + start) * minuteMs;
      busy.push({ startMs, endMs: startMs + 15 * minuteMs * (1 + Math.floor(random() * 4)) });
    }
  }
  return busy;
}

/** People with a calendar each, spread over zones. */
export function peopleWith(count: number, days: number, isSameZone = false): Participant[] {
  return Array.from({ length: count }, (_, index) => ({
    email: `p${index}@example.com`,
    zone: isSameZone ? 'UTC' : (zones[index % zones.length] ?? 'UTC'),
    workingHours: { days: [1, 2, 3, 4, 5], start: '08:00', end: '18:00' },
    busy: calendarOf(index + 1, days),
    required: true,
  }));
}
