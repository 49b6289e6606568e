/**
 * Offered times as lines of a mail: one way to write them, and the way back. A line holds the offset
 * of its clock, so that it means one instant in every zone and also in the hour that comes twice.
 */
import { DateTime } from 'luxon';
import { DAY_MS, MINUTE_MS, toRfc3339 } from './zone-time.ts';

/** One offered time. `text` is its line without the number. */
export type OfferedTime = {
  readonly number: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
};

const clock = 'cccc, d LLLL yyyy, HH:mm';
const line =
  /^[\s>*]*(\d{1,2})\. (\p{L}+, \d{1,2} \p{L}+ \d{4}, \d\d:\d\d), (\d{1,4}) minutes \(([\w+\-/]+), UTC([+-]\d\d:\d\d)\)/gmu;

/** A time as it is offered: "Tuesday, 24 November 2026, 15:00, 30 minutes (Europe/Berlin, UTC+01:00)". */
export function offer(
  number: number,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  zone: string,
): OfferedTime {
  const start = DateTime.fromMillis(startMs, { zone, locale: 'en' });
  const minutes = Math.round((endMs - startMs) / MINUTE_MS);
  const offset = toRfc3339(startMs, zone).slice(-6);
  const text = `${start.toFormat(clock)}, ${minutes} minutes (${zone}, UTC${offset})`;
  return { number, startMs, endMs, text };
}

/** The times a text offers, in the form of `offer`; each number once. */
export function readOffers(text: string): OfferedTime[] {
  const found = new Map<number, OfferedTime>();
  for (const [, digits, local = '', minutes, zone = '', offset = ''] of text.matchAll(line)) {
    const start = DateTime.fromFormat(`${local} ${offset}`, `${clock} ZZ`, { locale: 'en' });
    const number = Number(digits);
    const lengthMs = Number(minutes) * MINUTE_MS;
    if (!start.isValid || lengthMs === 0 || lengthMs > DAY_MS || found.has(number)) continue;
    const startMs = start.toMillis();
    const words = `${local}, ${minutes} minutes (${zone}, UTC${offset})`;
    found.set(number, { number, startMs, endMs: startMs + lengthMs, text: words });
  }
  return [...found.values()];
}
