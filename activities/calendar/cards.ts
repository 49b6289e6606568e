/**
 * Cards of calendar effects, rendered from the payload and from nothing else. Everyone who is told is
 * shown; nothing is shortened.
 */
import type { Card, CardLine } from '#contracts/approval.ts';
import type {
  CancelEventPayload,
  CreateEventPayload,
  MoveEventPayload,
} from '#contracts/schemas/calendar.ts';
import { addressWarnings, makeVisible, textWarnings, visibleAddress } from '../visible-text.ts';
import { formatInstant } from './time-phrases.ts';

type CardContent = Omit<Card, 'undo'>;

/** The card of an event to create. */
export function createEventCard(payload: CreateEventPayload): CardContent {
  const { title, start, end, zone, guests, location, description, conflicts } = payload;
  return {
    title: `Create "${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      guestsLine(guests),
      ...optionalLine('Location', location),
      ...optionalLine('Description', description),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(guests, payload.account),
      ...textWarnings({
        'The title': title,
        'The location': location,
        'The description': description,
      }),
      ...(conflicts ?? []).map(
        (other) => `You have "${makeVisible(other.title)}" then: ${showTime(other.start, zone)}.`,
      ),
    ],
  };
}

/** The card of an event to move. */
export function moveEventCard(payload: MoveEventPayload): CardContent {
  const { title, previous, start, end, zone, guests } = payload;
  return {
    title: `Move "${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      line('From', `${showTime(previous.start, zone)} until ${showTime(previous.end, zone)}`),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      guestsLine(guests),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(guests, payload.account),
      ...textWarnings({ 'The title': title }),
    ],
  };
}

/** The card of an event to cancel. */
export function cancelEventCard(payload: CancelEventPayload): CardContent {
  const { title, start, end, zone, guests, location, description } = payload;
  return {
    title: `Cancel "${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      guestsLine(guests),
      ...optionalLine('Location', location),
      ...optionalLine('Description', description),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(guests, payload.account),
      ...textWarnings({
        'The title': title,
        'The location': location,
        'The description': description,
      }),
    ],
  };
}

/** A time of a payload for people: an instant in words with its zone, or a whole day. */
export function showTime(time: string, zone: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(time)
    ? `${time} (all day)`
    : formatInstant(Date.parse(time), zone);
}

function line(label: string, value: string): CardLine {
  return { label, value: makeVisible(value) };
}

function optionalLine(label: string, value: string | null): CardLine[] {
  return value === null || value === '' ? [] : [line(label, value)];
}

function guestsLine(guests: readonly string[]): CardLine {
  const shown = guests.map(visibleAddress).join(', ');
  return { label: 'Guests', value: guests.length === 0 ? 'nobody' : shown };
}
