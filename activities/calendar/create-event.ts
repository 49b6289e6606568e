/**
 * Creating an event, once. Its id at the provider derives from the effect key, so a second insert is
 * refused there and a lost answer can be looked up.
 */
import type { StepContext } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import {
  type CreateEventPayload,
  createEventPayloadSchema,
  eventReceiptSchema,
} from '#contracts/schemas/calendar.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { ownAddressesOf } from '../accounts.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { createEventCard } from './cards.ts';
import { conflictsAt, notLooked, requireStillFree } from './conflicts.ts';
import type { CalendarAccess } from './dependencies.ts';
import { changedSince, countGuests, isStill, receiptOf } from './existing-event.ts';
import { wholeDays } from './new-times.ts';
import { dateText, dayOf, msOf } from './recurrence.ts';
import { resolveRepeat } from './repeat.ts';
import { resolving } from './summaries.ts';
import { resolveInstant } from './time-phrases.ts';
import { MINUTE_MS, toRfc3339 } from './zone-time.ts';

/** What an undo needs of a receipt. */
export const writtenSchema = eventReceiptSchema.pick({ eventId: true, etag: true });

/** Builds the handler of createEvent. */
export function createCreateEventHandler(deps: CalendarAccess): EffectHandler<CreateEventPayload> {
  const { calendar } = deps;
  return {
    tool: 'createEvent',
    payloadSchema: createEventPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('createEvent', raw);
      const { email: account } = await deps.accounts.meant(context.owner, input.account);
      const { notes, ...slot } = slotOf(input, context);
      const { looked, warnings } =
        input.showAs === 'free' ? notLooked : await conflictsAt(deps, context.owner, slot);
      const payload: CreateEventPayload = { ...eventOf(input, account), ...slot, ...looked };
      const card = createEventCard(payload, await ownAddressesOf(deps, context.owner));
      const told = toldOf(payload);
      const invite = told.length === 0 ? 'an event' : `an event and invite ${countGuests(told)}`;
      return {
        payload,
        recipients: told,
        card: { ...card, warnings: [...card.warnings, ...notes, ...warnings] },
        summary: `Create ${invite}`,
      };
    },
    async checkFresh(payload, context) {
      await requireStillFree(deps, context.owner, [payload], payload);
    },
    async perform(payload, context) {
      const { kind: _, account: _account, conflicts: _shown, unread: _unread, ...event } = payload;
      const port = await calendar(context.step.owner, payload.account);
      const created = await port.insertEvent({ effectKey: context.effectKey, ...event });
      return receiptOf(created, payload);
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      const event = await port.findCreated(context.effectKey, payload.zone);
      if (event === null) return { found: 'absent' };
      return { found: 'done', receipt: receiptOf(event, payload) };
    },
    async undo(payload, receipt, context) {
      const port = await calendar(context.step.owner, payload.account);
      const { eventId, etag } = writtenSchema.parse(receipt);
      const event = await port.getEvent(eventId, payload.zone);
      const guests = toldOf(payload);
      const { account, title } = payload;
      const done = { account, eventId, cancelled: true, title, guests };
      if (event === null || event.cancelled) return done;
      if (etag !== event.etag && !isStill(event, { ...payload, guests })) {
        throw changedSince(payload.title, 'not cancelled');
      }
      try {
        const notify = guests.length > 0;
        await port.deleteEvent({ effectKey: context.effectKey, eventId, etag: event.etag, notify });
      } catch (error) {
        if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
        throw failure('ConflictError', changedSince(payload.title, 'not cancelled').message, {
          cause: error,
        });
      }
      return done;
    },
  };
}

function toldOf({ guests, optionalGuests }: CreateEventPayload): string[] {
  return [...guests, ...optionalGuests];
}

/** Everything but when it is. The owner is no guest, and nobody is a guest twice. */
function eventOf(
  input: ToolInput<'createEvent'>,
  account: string,
): Omit<CreateEventPayload, 'start' | 'end' | 'zone' | 'recurrence' | 'conflicts'> {
  const guests = [...new Set(input.guests)].filter((email) => email !== account);
  const isOptional = (email: string) => email !== account && !guests.includes(email);
  return {
    kind: 'createEvent',
    account,
    title: input.title,
    guests,
    optionalGuests: [...new Set(input.optionalGuests ?? [])].filter(isOptional),
    rooms: [...new Set(input.rooms ?? [])],
    location: input.location ?? null,
    description: input.description ?? null,
    reminderMinutes:
      input.reminderMinutes ?? (input.allDay === true ? null : limits.reminderMinutes),
    conference: input.conference ?? false,
    private: input.private ?? false,
    showAs: input.showAs ?? 'busy',
  };
}

/** When the event is, once or again and again. @throws InvalidInputError */
function slotOf(input: ToolInput<'createEvent'>, context: StepContext) {
  const first = input.allDay === true ? daysOf(input, context) : timesOf(input, context);
  if (input.repeat == null) return { ...first, recurrence: null };
  const { zone } = first;
  const repeat = resolveRepeat(input.repeat, first.start, zone, context);
  const notes = [...first.notes, ...repeat.notes];
  const recurrence = { rule: repeat.recurrence.rule, excluded: [] };
  const { start } = repeat;
  if (input.allDay === true) {
    const end = dateText(dayOf(start) + dayOf(first.end) - dayOf(first.start));
    return { start, end, zone, recurrence, notes };
  }
  const lengthMs = msOf(first.end, zone) - msOf(first.start, zone);
  return { start, end: toRfc3339(msOf(start, zone) + lengthMs, zone), zone, recurrence, notes };
}

function daysOf({ start, durationMinutes }: ToolInput<'createEvent'>, context: StepContext) {
  if (durationMinutes != null) {
    throw failure('InvalidInputError', 'An all-day event has no length in minutes.');
  }
  return { ...wholeDays(start, context), zone: context.zone };
}

function timesOf({ start, durationMinutes }: ToolInput<'createEvent'>, context: StepContext) {
  if (durationMinutes == null) {
    throw failure('InvalidInputError', 'durationMinutes is needed unless allDay is true.');
  }
  const { ms, iso, zone, notes } = resolving(resolveInstant, start, context);
  return { start: iso, end: toRfc3339(ms + durationMinutes * MINUTE_MS, zone), zone, notes };
}
