/**
 * Occurrences of a series: which lie beside one another, which were taken out, and the rule that a
 * moved occurrence may not reach the day of its neighbours.
 */
import { DateTime } from 'luxon';
import { instanceOf, overlaps, type Window } from '../calendar/events.ts';
import { expand, listedDates } from '../calendar/recurrence.ts';
import { toInstantMs } from '../calendar/times.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { GraphError } from './errors.ts';
import { writeId, type IdKind } from './ids.ts';

/** Neighbours are looked for this far away; a yearly series has one within it. */
const neighbourMs = 400 * 86_400_000;

/** Occurrences of one series in a window, exceptions in place of what they replace. */
export function occurrencesIn(
  office: Office,
  owner: Person,
  masterId: string,
  window: Window,
): StoredEvent[] {
  const { events } = office.calendar(owner.email);
  const master = events[masterId];
  if (!master?.recurrence) return [];
  const plain = expand(master, window.fromMs, window.toMs, owner.zone)
    .filter(({ id }) => events[id] === undefined)
    .map((occurrence) => instanceOf(master, occurrence));
  const changed = Object.values(events).filter(
    (event) => event.recurringEventId === masterId && overlaps(event, window, owner.zone),
  );
  return [...plain, ...changed].sort(
    (a, b) => toInstantMs(a.start, owner.zone) - toInstantMs(b.start, owner.zone),
  );
}

/** Refuses to move an occurrence to or past a neighbour's day. @throws GraphError 400. */
export function checkNeighbours(office: Office, owner: Person, moved: StoredEvent): void {
  const { recurringEventId = '', originalStartTime } = moved;
  const originalMs = toInstantMs(originalStartTime ?? moved.start, owner.zone);
  const zone = moved.start.timeZone ?? owner.zone;
  const day = (ms: number): number => DateTime.fromMillis(ms, { zone }).startOf('day').toMillis();
  const movedDay = day(toInstantMs(moved.start, owner.zone));
  const window = { fromMs: originalMs - neighbourMs, toMs: originalMs + neighbourMs };
  const others = occurrencesIn(office, owner, recurringEventId, window)
    .filter((event) => event.id !== moved.id && event.status !== 'cancelled')
    .map((event) => ({
      originalMs: toInstantMs(event.originalStartTime ?? event.start, owner.zone),
      day: day(toInstantMs(event.start, owner.zone)),
    }));
  const crosses = others.some((other) =>
    other.originalMs < originalMs ? other.day >= movedDay : other.day <= movedDay,
  );
  if (!crosses) return;
  const message = 'Modified occurrence is crossing or overlapping adjacent occurrence.';
  throw new GraphError(400, 'ErrorOccurrenceCrossingBoundary', message);
}

/** `cancelledOccurrences` of a series: those taken out one by one, and those its rule leaves out. */
export function cancelledOccurrences(
  office: Office,
  owner: Person,
  master: StoredEvent,
  kind: IdKind,
): string[] {
  const zone = master.start.timeZone ?? owner.zone;
  const excluded = (master.recurrence ?? [])
    .filter((line) => /^EXDATE/i.test(line))
    .flatMap((line) => listedDates(line, zone));
  const taken = Object.values(office.calendar(owner.email).events)
    .filter((event) => event.recurringEventId === master.id && event.status === 'cancelled')
    .map((event) => toInstantMs(event.originalStartTime ?? event.start, owner.zone));
  const dates = [...taken, ...excluded]
    .sort((a, b) => a - b)
    .map((ms) => DateTime.fromMillis(ms, { zone }).toFormat('yyyy-MM-dd'));
  return [...new Set(dates)].map((date) => `OID.${writeId(kind, owner, master.id)}.${date}`);
}
