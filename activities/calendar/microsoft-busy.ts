/**
 * Free and busy times from Microsoft: the owner's own from the calendar itself, others' by getSchedule.
 * Fails closed: what cannot be read is unknown, never free.
 * @see https://learn.microsoft.com/en-us/graph/outlook-get-free-busy-schedule
 */
import type { FreeBusyStatus, ScheduleInformation } from '@microsoft/microsoft-graph-types';
import { failureTypeOf } from '../failures.ts';
import { type MicrosoftSession, prefer } from '../microsoft/client.ts';
import type { BusyInterval } from './availability.ts';
import { instantOf } from './microsoft-events.ts';
import type { CalendarEvent } from './port.ts';
import { DAY_MS } from './zone-time.ts';

/** Addresses one request may name, and days it may span ("less than 42"). */
const schedulesMax = 20;
const spanMaxMs = 41 * DAY_MS;
/** More entries of one calendar than anybody has; with more the answer is not whole. */
const ownEventsMax = 2_500;

/** Statuses that leave the time to others; an unknown one does not. */
const leavesTime: ReadonlySet<FreeBusyStatus> = new Set(['free', 'workingElsewhere']);

type Busy = readonly BusyInterval[] | 'unknown';
type Window = { readonly fromMs: number; readonly toMs: number };
type ListEvents = (
  window: Window & { zone: string; limit: number },
) => Promise<{ events: CalendarEvent[]; truncated: boolean }>;

/** Busy times of each address, tentative ones too. */
export async function busyTimes(
  session: MicrosoftSession,
  listEvents: ListEvents,
  emails: readonly string[],
  window: Window,
): Promise<Map<string, Busy>> {
  const others = emails.filter((email) => email !== session.account);
  const result = new Map<string, Busy>(others.map((email) => [email, []]));
  for (let at = 0; at < others.length; at += schedulesMax) {
    const part = others.slice(at, at + schedulesMax);
    for (let fromMs = window.fromMs; fromMs < window.toMs; fromMs += spanMaxMs) {
      const span = { fromMs, toMs: Math.min(fromMs + spanMaxMs, window.toMs) };
      const found = await readSchedules(session, part, span);
      for (const email of part) {
        result.set(email, joined(result.get(email), toBusy(found.get(email))));
      }
    }
  }
  // Personal accounts have no getSchedule, and it knows no declined invitations.
  if (emails.includes(session.account)) {
    result.set(session.account, await ownBusyTimes(listEvents, window));
  }
  return result;
}

async function readSchedules(
  session: MicrosoftSession,
  schedules: readonly string[],
  { fromMs, toMs }: Window,
): Promise<ReadonlyMap<string, ScheduleInformation>> {
  const body = {
    schedules,
    startTime: { dateTime: new Date(fromMs).toISOString().slice(0, -1), timeZone: 'UTC' },
    endTime: { dateTime: new Date(toMs).toISOString().slice(0, -1), timeZone: 'UTC' },
    availabilityViewInterval: 30,
  };
  try {
    const data = await session.read(
      'read free and busy times',
      (signal) =>
        session
          .api('/me/calendar/getSchedule')
          .header('Prefer', prefer('outlook.timezone="UTC"'))
          .options({ signal })
          .post(body) as Promise<{ value?: ScheduleInformation[] }>,
    );
    const entries = data.value ?? [];
    return new Map(entries.map((entry) => [entry.scheduleId?.toLowerCase() ?? '', entry]));
  } catch (error) {
    // The request as a whole was refused, as it is for a personal account.
    const type = failureTypeOf(error);
    if (type === 'InvalidInputError' || type === 'PermissionDeniedError') return new Map();
    throw error;
  }
}

function toBusy(entry: ScheduleInformation | undefined): Busy {
  if (!entry?.scheduleItems || entry.error) return 'unknown';
  const busy = entry.scheduleItems
    .filter(({ status }) => !leavesTime.has(status ?? 'unknown'))
    .map(({ start, end }) => ({ startMs: instantOf(start), endMs: instantOf(end) }));
  return busy.every(({ startMs, endMs }) => startMs <= endMs) ? busy : 'unknown';
}

async function ownBusyTimes(listEvents: ListEvents, window: Window): Promise<Busy> {
  const { events, truncated } = await listEvents({ ...window, zone: 'UTC', limit: ownEventsMax });
  if (truncated) return 'unknown';
  return events
    .filter(({ busy, response }) => busy && response !== 'declined')
    .map(({ startMs, endMs }) => ({ startMs, endMs }));
}

function joined(known: Busy | undefined, more: Busy): Busy {
  return known === 'unknown' || more === 'unknown' ? 'unknown' : [...(known ?? []), ...more];
}
