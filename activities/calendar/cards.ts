/**
 * Cards of creating, moving and cancelling an event, rendered from the payload; who of the people on it
 * is outside, from the person's own addresses. Everyone who is told is shown; nothing is shortened.
 */
import type { Card } from '#contracts/approval.ts';
import type {
  CancelEventPayload,
  CreateEventPayload,
  MoveEventPayload,
} from '#contracts/schemas/calendar.ts';
import { addressWarnings, makeVisible, textWarnings } from '../visible-text.ts';
import {
  conflictWarnings,
  detailLines,
  line,
  optionalLine,
  peopleLine,
  showTime,
} from './card-lines.ts';
import { reachLine } from './reach.ts';
import { countStarts } from './recurrence.ts';

/** A card as its handler renders it; the catalogue adds what undoes it. */
export type CardContent = Omit<Card, 'undo'>;
/** The person's own addresses: whoever has one of them is nobody else. */
export type OwnAddresses = ReadonlySet<string>;

/** The card of an event to create. */
export function createEventCard(payload: CreateEventPayload, own: OwnAddresses): CardContent {
  const { title, start, end, zone, guests, location, description, recurrence } = payload;
  const told = [...guests, ...payload.optionalGuests];
  const instances = recurrence === null ? 1 : countStarts(recurrence, { start, zone });
  return {
    title: `Create "${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      peopleLine('Guests', guests),
      ...optionalLine('Location', location),
      ...optionalLine('Description', description),
      ...detailLines(payload, zone),
      reachLine({ account: payload.account, own, told, rooms: payload.rooms, instances }),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(told, payload.account, own),
      ...textWarnings({
        'The title': title,
        'The location': location,
        'The description': description,
      }),
      ...conflictWarnings(payload.conflicts, zone),
    ],
  };
}

/** The card of an event to move. */
export function moveEventCard(payload: MoveEventPayload, own: OwnAddresses): CardContent {
  const { title, previous, start, end, zone, guests } = payload;
  return {
    title: `Move "${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      line('From', `${showTime(previous.start, zone)} until ${showTime(previous.end, zone)}`),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      peopleLine('Guests', guests),
      reachLine({ account: payload.account, own, told: guests }),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(guests, payload.account, own),
      ...textWarnings({ 'The title': title }),
      ...conflictWarnings(payload.conflicts, zone),
    ],
  };
}

/** The card of an event to cancel. */
export function cancelEventCard(payload: CancelEventPayload, own: OwnAddresses): CardContent {
  const { title, start, end, zone, guests, location, description, instances } = payload;
  const whole = payload.recurrence === null ? '' : 'the whole series ';
  return {
    title: `Cancel ${whole}"${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      peopleLine('Guests', guests),
      ...optionalLine('Location', location),
      ...optionalLine('Description', description),
      ...detailLines({ recurrence: payload.recurrence, rooms: payload.rooms }, zone),
      reachLine({ account: payload.account, own, told: guests, rooms: payload.rooms, instances }),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(guests, payload.account, own),
      ...textWarnings({
        'The title': title,
        'The location': location,
        'The description': description,
      }),
      ...(payload.recurrence === null
        ? []
        : ['Undoing it brings the series back without changes made to single occurrences.']),
    ],
  };
}
