/**
 * Fills the calendars of a new office from the table in seed-events.ts, through the same code that
 * carries invitations later, so that guests hold copies from the first day.
 */
import { DateTime } from 'luxon';
import { storeEvent } from '../calendar/event-store.ts';
import { findEvent } from '../calendar/events.ts';
import { propagate } from '../calendar/guests.ts';
import type { Office } from './office.ts';
import { officeDomain, outsiders, privateAccount } from './people.ts';
import { privateEvents } from './seed-events-private.ts';
import { type SeedEvent, seedEvents } from './seed-events.ts';
import type { Attendee, EventTime, Person, StoredEvent } from './state.ts';

/** Puts every seeded event on its calendars. */
export function seedCalendars(office: Office, anchor: Date): void {
  const monday = DateTime.fromJSDate(anchor, { zone: office.main.zone }).startOf('week');
  for (const seed of [...seedEvents, ...privateEvents]) addSeed(office, monday, seed);
}

function addSeed(office: Office, monday: DateTime, seed: SeedEvent): void {
  const organizer = address(office, seed.by);
  const owner = office.person(organizer.email);
  const zone = seed.zone ?? owner?.zone ?? office.main.zone;
  const { start, end } = times(monday, seed, zone);
  const id = office.nextId('event', 26);
  const nowText = office.now().toISOString();
  const event: StoredEvent = {
    id,
    iCalUID: `${id}@google.com`,
    etag: '',
    revision: 0,
    status: 'confirmed',
    created: nowText,
    updated: nowText,
    sequence: 0,
    organizer,
    creator: organizer,
    summary: seed.title,
    start,
    end,
    ...(seed.guests ? { attendees: guests(office, organizer.email, seed.guests) } : {}),
    ...(seed.rule ? { recurrence: recurrence(monday, seed, zone) } : {}),
    ...seed.extra,
  };
  if (!owner) {
    // An event from outside lies only on the calendar of the person invited.
    storeEvent(office, office.main, event);
    return;
  }
  storeEvent(office, owner, event);
  propagate(office, event);
  for (const change of seed.changes ?? []) applyChange(office, owner, monday, event, seed, change);
}

/** Moves or cancels one occurrence of a seeded series. */
function applyChange(
  office: Office,
  owner: Person,
  monday: DateTime,
  master: StoredEvent,
  seed: SeedEvent,
  change: NonNullable<SeedEvent['changes']>[number],
): void {
  const zone = master.start.timeZone ?? owner.zone;
  const { week, day } = change;
  const original = at(monday, week, day, seed.time ?? '00:00', zone);
  const stamp = original.toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'");
  const found = findEvent(office, owner, `${master.id}_${stamp}`);
  if (!found)
    throw new Error(`Seed "${seed.title}" has no occurrence in week ${week}, day ${day}.`);
  const next: StoredEvent = structuredClone(found);
  if (change.to === undefined) next.status = 'cancelled';
  else Object.assign(next, times(monday, { ...seed, week, day, time: change.to }, zone));
  storeEvent(office, owner, next);
  propagate(office, next);
}

function at(monday: DateTime, week: number, day: number, time: string, zone: string): DateTime {
  const { year, month, day: dayOfMonth } = monday.plus({ days: week * 7 + day - 1 });
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return DateTime.fromObject({ year, month, day: dayOfMonth, hour, minute }, { zone });
}

function times(
  monday: DateTime,
  seed: SeedEvent,
  zone: string,
): { start: EventTime; end: EventTime } {
  const start = at(monday, seed.week, seed.day, seed.time ?? '00:00', zone);
  if (seed.time === undefined) {
    const date = (value: DateTime): EventTime => ({ date: value.toFormat('yyyy-MM-dd') });
    return { start: date(start), end: date(start.plus({ days: seed.days ?? 1 })) };
  }
  const instant = (value: DateTime): EventTime => ({
    dateTime: value.toISO({ suppressMilliseconds: true }) ?? '',
    timeZone: zone,
  });
  return { start: instant(start), end: instant(start.plus({ minutes: seed.minutes ?? 30 })) };
}

function recurrence(monday: DateTime, seed: SeedEvent, zone: string): string[] {
  const skipped = (seed.skips ?? []).map(([week, day]) => {
    const stamp = at(monday, week, day, seed.time ?? '00:00', zone).toFormat("yyyyMMdd'T'HHmmss");
    return `EXDATE;TZID=${zone}:${stamp}`;
  });
  return [`RRULE:${seed.rule}`, ...skipped];
}

/** `bob` is a colleague by first name, `private` the main person at home; else an outsider. */
function address(office: Office, alias: string): { email: string; displayName: string } {
  if (alias === 'private') return { email: privateAccount.email, displayName: privateAccount.name };
  const colleague = office.people.find(
    ({ email }) => email.startsWith(`${alias}.`) && email.endsWith(officeDomain),
  );
  if (colleague) return { email: colleague.email, displayName: colleague.name };
  const known = Object.entries(outsiders).find(([key]) => key === alias)?.[1];
  const [, displayName, email] = /^(.+) <(.+)>$/.exec(known ?? '') ?? [];
  if (displayName === undefined || email === undefined)
    throw new Error(`Nobody is called ${alias}.`);
  return { email, displayName };
}

/** Guests as `bob` (accepted) or `bob:declined`; the organizer is listed first. */
function guests(office: Office, organizer: string, list: readonly string[]): Attendee[] {
  const host: Attendee = { email: organizer, responseStatus: 'accepted' };
  const others = list.map((entry) => {
    const [alias = '', responseStatus = 'accepted'] = entry.split(':');
    return { ...address(office, alias), responseStatus };
  });
  return [host, ...others];
}
