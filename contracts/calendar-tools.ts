/** The calendar's part of the tool catalogue. Data only. */
import type { ToolEntry } from './tools.ts';

const read = { effectClass: 'read', tier: 0, undo: null, sensitive: [] } as const;

/** Every tool that reads or changes calendars, by name. */
export const calendarTools = {
  listEvents: {
    ...read,
    summary: "List the person's events in a window of time, optionally matching words.",
    scope: 'calendar.read',
    outputTrust: 'untrusted',
  },
  findEvent: {
    ...read,
    summary:
      'Find the one event meant by words, people or a time; fails when none or several match.',
    scope: 'calendar.read',
    outputTrust: 'untrusted',
  },
  findTime: {
    ...read,
    summary:
      'Find times when people are free, ranked, inside their working hours, under wishes that must or ' +
      'should hold. `rooms` are alternatives, one is needed. The output has best.start and best.room.',
    scope: 'calendar.read',
    outputTrust: 'trusted',
  },
  createEvent: {
    summary:
      'Create an event, once or repeating (repeat), timed or allDay; guests are invited by mail.',
    effectClass: 'reversible',
    tier: 2,
    scope: 'calendar.write',
    undo: 'cancel the event; guests are told',
    outputTrust: 'trusted',
    sensitive: ['start', 'guests', 'optionalGuests', 'rooms', 'location'],
  },
  moveEvent: {
    summary:
      'Move an event to another time; guests are told by mail. Of a series: scope this, following or all.',
    effectClass: 'reversible',
    tier: 2,
    scope: 'calendar.write',
    undo: 'move it back, unless it was changed since',
    outputTrust: 'trusted',
    sensitive: ['eventId', 'start'],
  },
  cancelEvent: {
    summary: 'Cancel an event; guests are told by mail. Of a series: scope this, following or all.',
    effectClass: 'reversible',
    tier: 2,
    scope: 'calendar.write',
    undo: 'create it again; guests get a new invitation',
    outputTrust: 'trusted',
    sensitive: ['eventId'],
  },
  updateEvent: {
    summary:
      'Change an event: title, time, place, text, guests, rooms, repetition, reminder, online meeting. Of a series: scope this, following or all.',
    effectClass: 'reversible',
    tier: 2,
    scope: 'calendar.write',
    undo: 'change it back, unless it was changed since',
    outputTrust: 'trusted',
    sensitive: ['eventId', 'start', 'location', 'addGuests', 'addOptionalGuests', 'addRooms'],
  },
  respondToInvitation: {
    summary: 'Accept, decline or tentatively accept an invitation; the organizer is told.',
    effectClass: 'commit',
    tier: 3,
    scope: 'calendar.write',
    undo: 'give the earlier answer again, where there was one',
    outputTrust: 'trusted',
    sensitive: ['eventId', 'response', 'comment'],
  },
  holdSlots: {
    summary:
      'Hold several slots for a meeting that is not settled (of findTime: its slots); those not chosen are released when they expire.',
    effectClass: 'reversible',
    tier: 2,
    scope: 'calendar.write',
    undo: 'release the holds',
    outputTrust: 'trusted',
    sensitive: [],
  },
  releaseHolds: {
    summary:
      'Make one hold the event (keep) and release the others, or release all holds of a meeting.',
    effectClass: 'reversible',
    tier: 2,
    scope: 'calendar.write',
    undo: 'make it a hold again and hold the others again',
    outputTrust: 'trusted',
    sensitive: ['eventId', 'title', 'keep', 'guests', 'location'],
  },
} as const satisfies Readonly<Record<string, ToolEntry>>;
