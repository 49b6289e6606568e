/** Free and busy times from Google. Fails closed: what cannot be read is unknown, never free. */
import type { calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import type { GoogleSession } from '../google/client.ts';
import type { BusyInterval } from './availability.ts';
import { requireAnswer } from './google-events.ts';

/** Calendars one free/busy request may name. */
const freeBusyMax = 50;

/** Busy times of each address. */
export async function busyTimes(
  session: GoogleSession,
  emails: readonly string[],
  fromMs: number,
  toMs: number,
): Promise<Map<string, readonly BusyInterval[] | 'unknown'>> {
  const result = new Map<string, readonly BusyInterval[] | 'unknown'>();
  for (let at = 0; at < emails.length; at += freeBusyMax) {
    const part = emails.slice(at, at + freeBusyMax);
    const requestBody = {
      timeMin: new Date(fromMs).toISOString(),
      timeMax: new Date(toMs).toISOString(),
      items: part.map((id) => ({ id })),
    };
    const data = requireAnswer(
      await session.read('read free and busy times', () =>
        session.calendar.freebusy.query({ requestBody }),
      ),
    );
    for (const email of part) result.set(email, toBusy(data.calendars?.[email]));
  }
  return result;
}

/** Fails closed: anything but a clean list of intervals is unknown. */
function toBusy(
  entry: calendar_v3.Schema$FreeBusyCalendar | undefined,
): readonly BusyInterval[] | 'unknown' {
  if (entry?.busy === undefined || (entry.errors?.length ?? 0) > 0) return 'unknown';
  const busy = entry.busy.map(({ start, end }) => ({
    startMs: Date.parse(start ?? ''),
    endMs: Date.parse(end ?? ''),
  }));
  return busy.every(({ startMs, endMs }) => startMs <= endMs) ? busy : 'unknown';
}
