/**
 * `getSchedule`: free/busy of several people at once. Whoever cannot be read gets an error of their
 * own in a 200; of colleagues only the time is told, never the title.
 */
import type { FastifyRequest } from 'fastify';
import { bodyObject } from '../bodies.ts';
import { busyTime, eventsIn, type Window } from '../calendar/events.ts';
import { toInstantMs } from '../calendar/times.ts';
import type { Office } from '../office/office.ts';
import { roomAt } from '../office/rooms.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { GraphError } from './errors.ts';
import { readParameters, scheduleBodySchema } from './event-body.ts';
import { readTime, type ShownZone, wallClock } from './event-times.ts';
import { isVisible, showAsOf } from './event-view.ts';
import type { Preferences } from './prefer.ts';
import { windowsZone } from './zones.ts';

/** @see the reference of `getSchedule` */
const maxSchedules = 20;
/** The longest period free/busy is given for. @see Exchange, `ErrorTimeIntervalTooBig` */
const maxWindowMs = 62 * 86_400_000;
const defaultInterval = 30;

/** What a slot of the view shows; the strongest wins, and working elsewhere counts as free. */
const digits: Record<string, number> = {
  free: 0,
  workingElsewhere: 0,
  tentative: 1,
  busy: 2,
  oof: 3,
};

/** One span of somebody's calendar. */
interface Span extends Window {
  status: string;
  event?: StoredEvent;
}

/** Answers `getSchedule`. @throws GraphError 400. */
export function getSchedule(
  office: Office,
  asking: Person,
  request: FastifyRequest,
  { zone }: Preferences,
): object {
  const body = readParameters(scheduleBodySchema, 'getSchedule', bodyObject(request));
  const window = {
    fromMs: Date.parse(readTime(body.startTime, false).dateTime ?? ''),
    toMs: Date.parse(readTime(body.endTime, false).dateTime ?? ''),
  };
  if (window.toMs <= window.fromMs) {
    throw new GraphError(400, 'ErrorInvalidTimeInterval', 'The end is not after the start.');
  }
  if (window.toMs - window.fromMs > maxWindowMs) {
    const message =
      'The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long. The allowed limit = 62 days.';
    throw new GraphError(400, 'ErrorTimeIntervalTooBig', message);
  }
  if (body.schedules.length > maxSchedules) {
    const message = `The number of schedules is more than the allowed limit of ${maxSchedules}.`;
    throw new GraphError(400, 'ErrorInvalidRequest', message);
  }
  const interval = body.availabilityViewInterval ?? defaultInterval;
  return {
    value: body.schedules.map((address) =>
      schedule(office, asking, address, window, interval, zone),
    ),
  };
}

function schedule(
  office: Office,
  asking: Person,
  scheduleId: string,
  window: Window,
  intervalMinutes: number,
  zone: ShownZone,
): object {
  const person = office.person(scheduleId) ?? roomAt(scheduleId);
  if (!person)
    return failed(
      scheduleId,
      '5009',
      'ErrorMailRecipientNotFound',
      'Unable to resolve e-mail address to a mailbox.',
    );
  if (!office.mayReadBusy(asking, person)) {
    return failed(scheduleId, '5016', 'ErrorNoFreeBusyAccess', 'No free/busy access is granted.');
  }
  const spans = spansOf(office, person, window);
  const intervalMs = intervalMinutes * 60_000;
  const slots = Math.ceil((window.toMs - window.fromMs) / intervalMs);
  const availabilityView = Array.from({ length: slots }, (_, slot) => {
    const fromMs = window.fromMs + slot * intervalMs;
    const inside = spans.filter((span) => span.fromMs < fromMs + intervalMs && span.toMs > fromMs);
    return Math.max(0, ...inside.map(({ status }) => digits[status] ?? 0));
  }).join('');
  return {
    scheduleId,
    availabilityView,
    scheduleItems: spans.map((span) => showSpan(span, zone, asking.email === person.email)),
    // Another vendor's calendar says when somebody is busy and nothing of their hours.
    ...(person.vendor === 'microsoft' ? { workingHours: workingHoursOf(person) } : {}),
  };
}

function spansOf(office: Office, person: Person, window: Window): Span[] {
  if (person.vendor !== 'microsoft') {
    return busyTime(office, person, window).map((span) => ({ ...span, status: 'busy' }));
  }
  return eventsIn(office, person, window, true)
    .filter((event) => event.status !== 'cancelled' && isVisible(office, event, person))
    .map((event) => ({
      fromMs: toInstantMs(event.start, person.zone),
      toMs: toInstantMs(event.end, person.zone),
      status: showAsOf(event, person),
      event,
    }))
    .sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs);
}

function showSpan({ fromMs, toMs, status, event }: Span, zone: ShownZone, own: boolean): object {
  const isPrivate = event?.visibility === 'private';
  return {
    ...(own && event
      ? { isPrivate, subject: event.summary ?? '', location: event.location ?? '' }
      : {}),
    status,
    start: wallClock(fromMs, zone),
    end: wallClock(toMs, zone),
  };
}

function failed(scheduleId: string, number: string, code: string, text: string): object {
  const message = `Microsoft.Exchange.InfoWorker.Common.Availability.MailRecipientNotFoundException: ${text} (${number})`;
  return { scheduleId, availabilityView: '', error: { message, responseCode: code } };
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Working hours as a mailbox's settings say them. */
export function workingHoursOf({ workingHours, zone }: Person): object {
  return {
    daysOfWeek: workingHours.days.map((day) => weekdays[day - 1] ?? 'monday'),
    startTime: `${workingHours.start}:00.0000000`,
    endTime: `${workingHours.end}:00.0000000`,
    timeZone: { name: windowsZone(zone) },
  };
}
