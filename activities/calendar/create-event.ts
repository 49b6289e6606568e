/**
 * Creating an event, once. Its id at the provider derives from the effect key, so a second insert is
 * refused there and a lost answer can be looked up.
 */
import {
  type CreateEventPayload,
  createEventPayloadSchema,
  eventReceiptSchema,
} from '#contracts/schemas/calendar.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { createEventCard } from './cards.ts';
import type { CalendarDeps } from './dependencies.ts';
import { conflictsAt, requireStillFree } from './conflicts.ts';
import { changedSince, countGuests, isStill, receiptOf } from './existing-event.ts';
import { plainEvent } from './port.ts';
import { resolving } from './summaries.ts';
import { resolveInstant } from './time-phrases.ts';
import { MINUTE_MS, toRfc3339 } from './zone-time.ts';

/** Builds the handler of createEvent. */
export function createCreateEventHandler({
  calendar,
}: Pick<CalendarDeps, 'calendar'>): EffectHandler<CreateEventPayload> {
  return {
    tool: 'createEvent',
    payloadSchema: createEventPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('createEvent', raw);
      const owner = context.owner.toLowerCase();
      const start = resolving(resolveInstant, input.start, context);
      const guests = [...new Set(input.guests)].filter((email) => email !== owner);
      const slot = {
        start: start.iso,
        end: toRfc3339(start.ms + input.durationMinutes * MINUTE_MS, start.zone),
        zone: start.zone,
      };
      const payload: CreateEventPayload = {
        kind: 'createEvent',
        account: owner,
        title: input.title,
        ...slot,
        guests,
        location: input.location ?? null,
        description: input.description ?? null,
        conflicts: await conflictsAt(await calendar(context.owner), slot),
      };
      const card = createEventCard(payload);
      const invite =
        guests.length === 0 ? 'an event' : `an event and invite ${countGuests(guests)}`;
      return {
        payload,
        recipients: guests,
        card: { ...card, warnings: [...card.warnings, ...start.notes] },
        summary: `Create ${invite}`,
      };
    },
    async checkFresh(payload, context) {
      await requireStillFree(await calendar(context.owner), payload);
    },
    async perform(payload, context) {
      const { kind: _kind, account: _account, conflicts: _conflicts, ...event } = payload;
      const port = await calendar(context.step.owner);
      const created = await port.insertEvent({
        effectKey: context.effectKey,
        ...plainEvent,
        ...event,
      });
      return receiptOf(created, payload);
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner);
      const event = await port.findCreated(context.effectKey, payload.zone);
      if (event === null) return { found: 'absent' };
      return { found: 'done', receipt: receiptOf(event, payload) };
    },
    async undo(payload, receipt, context) {
      const port = await calendar(context.step.owner);
      const { eventId, etag } = eventReceiptSchema.parse(receipt);
      const event = await port.getEvent(eventId, payload.zone);
      const done = { eventId, cancelled: true, title: payload.title, guests: payload.guests };
      if (event === null || event.cancelled) return done;
      if (etag !== event.etag && !isStill(event, payload)) {
        throw changedSince(payload.title, 'not cancelled');
      }
      try {
        const notify = payload.guests.length > 0;
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
