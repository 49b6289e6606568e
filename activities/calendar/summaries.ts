/** Events as steps pass them on and people read them: cleaned, local, without descriptions. */
import { DateTime } from 'luxon';
import type { StepContext } from '#contracts/activities.ts';
import type { EventSummary } from '#contracts/schemas/calendar.ts';
import type { Origin } from '#contracts/trust.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import type { MergedEvent } from './held-events.ts';
import type { CalendarEvent } from './port.ts';
import { formatInstant, formatWindow, TimePhraseError } from './time-phrases.ts';
import { toRfc3339 } from './zone-time.ts';

/** An event as other steps and the model see it. `zone` is the person's. */
export function summarizeEvent(
  { event, account, alsoIn }: MergedEvent,
  zone: string,
): EventSummary {
  return {
    id: event.id,
    account,
    alsoIn: [...alsoIn],
    etag: event.etag,
    title: cleanLine(event.title, 300),
    start: toRfc3339(event.startMs, zone),
    end: toRfc3339(event.endMs, zone),
    startLocal: showStart(event, zone),
    allDay: event.allDay !== null,
    zone: event.zone,
    location: event.location === null ? null : cleanLine(event.location, 200),
    organizer: event.organizer?.email ?? null,
    guests: event.guests.map(({ email, name, response }) => ({
      email,
      name: name === null ? null : cleanLine(name, 100),
      response,
    })),
    recurringEventId: event.recurringEventId,
    busy: event.busy,
    showAs: event.showAs,
    kind: event.kind,
    private: event.private,
    response: event.response,
    conferenceLink: event.conferenceLink,
  };
}

/** When an event starts, for people. */
export function showStart(event: CalendarEvent, zone: string): string {
  if (event.allDay === null) return formatInstant(event.startMs, zone);
  return formatWindow(event.startMs, event.endMs, zone);
}

/** Where an event's text came from: "event "Sync" organised by bob@…, 24 Nov". */
export function eventOrigin(event: CalendarEvent, zone: string): Origin {
  const day = DateTime.fromMillis(event.startMs, { zone }).toFormat('d LLL');
  const by = event.organizer === null || event.organizer.self ? '' : ` by ${event.organizer.email}`;
  return {
    kind: 'calendar',
    label: `event "${cleanLine(event.title, 80)}"${by}, ${day}`,
    ref: event.id,
  };
}

/** Resolves a phrase about time. @throws InvalidInputError naming the forms that are understood */
export function resolving<Resolved>(
  resolve: (
    phrase: string,
    context: { now: string; zone: string; allowPast?: boolean },
  ) => Resolved,
  phrase: string,
  context: StepContext,
  allowPast = false,
): Resolved {
  try {
    return resolve(phrase, { now: context.now, zone: context.zone, allowPast });
  } catch (error) {
    if (!(error instanceof TimePhraseError)) throw error;
    throw failure('InvalidInputError', error.message, { cause: error });
  }
}
