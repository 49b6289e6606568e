/**
 * Cards of changes, answers and holds, rendered from the payload and, for who is outside, from the
 * person's own addresses. What is lost by a change is said.
 */
import type { CardLine } from '#contracts/approval.ts';
import type {
  EventFields,
  HoldSlotsPayload,
  ReleaseHoldsPayload,
  RespondPayload,
  UpdateEventPayload,
} from '#contracts/schemas/event-changes.ts';
import { addressWarnings, makeVisible, textWarnings, visibleAddress } from '../visible-text.ts';
import { conflictWarnings, line, optionalLine, peopleLine, showTime } from './card-lines.ts';
import type { CardContent, OwnAddresses } from './cards.ts';
import { reachLine } from './reach.ts';
import { describeRule } from './recurrence.ts';

const labels: Readonly<Record<keyof EventFields, string | null>> = {
  title: 'Title',
  start: 'Start',
  end: 'End',
  zone: null,
  location: 'Location',
  description: 'Description',
  guests: 'Guests',
  optionalGuests: 'Optional guests',
  rooms: 'Rooms',
  recurrence: 'Repeats',
  reminderMinutes: 'Reminder',
  conference: 'Online',
  private: 'Private',
  showAs: 'Shown as',
};

const what = {
  this: '',
  following: 'this and all later occurrences of ',
  all: 'every occurrence of ',
} as const;

/** The card of a change, and of a series that ends early. */
export function changeCard(payload: UpdateEventPayload, own: OwnAddresses): CardContent {
  const { title, scope, zone, guests, before, after, split, instances, start } = payload;
  const ends = split !== null && split.continuation === null;
  return {
    title: `${ends ? 'Cancel' : 'Change'} ${what[scope]}"${makeVisible(title)}"`,
    lines: [
      line('Event', title),
      ...(scope === 'following' ? [line('From', showTime(start, zone))] : []),
      ...changeLines(before, after, zone),
      ...(guests.length === 0 ? [] : [peopleLine('Told', guests)]),
      reachLine({
        account: payload.account,
        own,
        told: guests,
        rooms: after.rooms ?? [],
        writes: split?.continuation ? 2 : 1,
        instances,
      }),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(guests, payload.account, own),
      ...textWarnings({
        'The title': after.title ?? title,
        'The location': after.location ?? null,
        'The description': after.description ?? null,
      }),
      ...conflictWarnings(payload.conflicts, zone),
      ...lossWarnings(payload),
    ],
  };
}

/** What cannot be kept, in a sentence each. */
function lossWarnings({ scope, after, split }: UpdateEventPayload): string[] {
  const moves = after.start !== undefined || after.recurrence !== undefined;
  if (scope === 'all' && moves) return ['Changes made to single occurrences may be lost.'];
  if (split === null) return [];
  const { lost, continuation } = split;
  return [
    ...(lost === 0
      ? []
      : [
          `${lost} of these occurrences ${lost === 1 ? 'was changed by itself' : 'were changed by themselves'}; that is lost.`,
        ]),
    ...(continuation === null
      ? []
      : [
          'The later occurrences become a series of their own; answers to them are asked for again.',
        ]),
  ];
}

function changeLines(before: EventFields, after: EventFields, zone: string): CardLine[] {
  return Object.keys(after).flatMap((key) => {
    const name = key as keyof EventFields;
    const label = labels[name];
    if (label === null) return [];
    const [was, is] = [show(name, before, zone), show(name, after, zone)];
    return was === is ? [] : [line(label, `${was} → ${is}`)];
  });
}

function show(name: keyof EventFields, fields: EventFields, zone: string): string {
  if (name === 'recurrence') {
    return fields.recurrence ? describeRule(fields.recurrence.rule, zone) : 'once';
  }
  const value = fields[name];
  if (typeof value === 'number') return `${value} minutes before`;
  if (name === 'reminderMinutes') return 'as usual';
  if (Array.isArray(value))
    return value.length === 0 ? 'nobody' : value.map(visibleAddress).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'string' || value === '') return 'nothing';
  return name === 'start' || name === 'end' ? showTime(value, zone) : value;
}

/** The card of an answer to an invitation. */
export function respondCard(payload: RespondPayload, own: OwnAddresses): CardContent {
  const { title, start, end, zone, to, response, previous, comment } = payload;
  const verb = { accepted: 'Accept', declined: 'Decline', tentative: 'Tentatively accept' }[
    response
  ];
  return {
    title: `${verb} "${makeVisible(title)}"`,
    lines: [
      line('Event', title),
      line('Start', showTime(start, zone)),
      line('End', showTime(end, zone)),
      line('Answer so far', previous === 'none' ? 'none' : previous),
      ...optionalLine('Comment', comment),
      peopleLine('Told', to),
      reachLine({ account: payload.account, own, told: to }),
      line('Calendar', payload.account),
    ],
    warnings: [
      ...addressWarnings(to, payload.account, own),
      ...textWarnings({ 'The title': title, 'The comment': comment }),
      ...conflictWarnings(payload.conflicts, zone),
      ...(previous === 'none' ? ['An answer cannot be taken back, only changed.'] : []),
      ...(response === 'declined'
        ? [
            'A declined event may leave your calendar, and can then not be answered again from here.',
          ]
        : []),
    ],
  };
}

/** The card of holds to put into the calendar. */
export function holdSlotsCard(payload: HoldSlotsPayload): CardContent {
  const { title, slots, zone, expiresAt, conflicts, account } = payload;
  return {
    title: `Hold ${slots.length} ${slots.length === 1 ? 'slot' : 'slots'} for "${makeVisible(title)}"`,
    lines: [
      line('Title', title),
      ...slots.map(({ start, end }, index) =>
        line(`Slot ${index + 1}`, `${showTime(start, zone)} until ${showTime(end, zone)}`),
      ),
      line('Released', `${showTime(expiresAt, zone)}, those that are not chosen by then`),
      reachLine({ account, own: new Set(), told: [] }),
      line('Calendar', account),
    ],
    warnings: [...textWarnings({ 'The title': title }), ...conflictWarnings(conflicts, zone)],
  };
}

/** The card of choosing one hold, or of releasing all. */
export function releaseHoldsCard(payload: ReleaseHoldsPayload, own: OwnAddresses): CardContent {
  const { title, kept, released, zone, guests, location, description, account } = payload;
  const shown = makeVisible(title);
  return {
    title: kept === null ? `Release the holds for "${shown}"` : `Make a hold the event "${shown}"`,
    lines: [
      line('Title', title),
      ...(kept === null
        ? []
        : [
            line('Start', showTime(kept.start, zone)),
            line('End', showTime(kept.end, zone)),
            peopleLine('Guests', guests),
          ]),
      ...optionalLine('Location', location),
      ...optionalLine('Description', description),
      ...(payload.conference ? [line('Online', 'with a link to meet')] : []),
      ...released.map(({ start }) => line('Released', showTime(start, zone))),
      reachLine({ account, own, told: guests }),
      line('Calendar', account),
    ],
    warnings: [
      ...addressWarnings(guests, account, own),
      ...textWarnings({
        'The title': title,
        'The location': location,
        'The description': description,
      }),
    ],
  };
}
