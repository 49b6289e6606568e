/** How rooms answer the events they are invited to: the first to ask has the room. */
import type { Office } from '../office/office.ts';
import { roomAt } from '../office/rooms.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { blocks, eventsIn } from './events.ts';
import { expand } from './recurrence.ts';
import { toInstantMs } from './times.ts';

/** How far ahead a series must find its room free. */
const bookedAheadMs = 60 * 86_400_000;

/** Writes each invited room's answer into the event. */
export function answerForRooms(office: Office, owner: Person, event: StoredEvent): void {
  for (const attendee of event.attendees ?? []) {
    const room = roomAt(attendee.email);
    if (room === undefined) continue;
    const responseStatus = isFree(office, room, event, owner.zone) ? 'accepted' : 'declined';
    Object.assign(attendee, { resource: true, displayName: room.name, responseStatus });
  }
}

function isFree(office: Office, room: Person, event: StoredEvent, zone: string): boolean {
  const startMs = toInstantMs(event.start, zone);
  const lengthMs = toInstantMs(event.end, zone) - startMs;
  const starts = event.recurrence
    ? expand(event, startMs, startMs + bookedAheadMs, zone).map((one) => one.startMs)
    : [startMs];
  return starts.every((fromMs) => {
    const others = eventsIn(office, room, { fromMs, toMs: fromMs + lengthMs }, true);
    return others.every((other) => !blocks(other, room) || isOf(other, event));
  });
}

/** True for the event itself, its occurrences and its series. */
function isOf(other: StoredEvent, event: StoredEvent): boolean {
  const own = [event.id, event.recurringEventId];
  return own.includes(other.id) || own.includes(other.recurringEventId ?? other.id);
}
