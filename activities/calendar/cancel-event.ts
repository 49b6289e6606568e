/** Cancelling one event or one occurrence, under the etag that was approved. */
import { type CancelEventPayload, cancelEventPayloadSchema } from '#contracts/schemas/calendar.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cancelEventCard } from './cards.ts';
import type { CalendarDeps } from './dependencies.ts';
import { plainEvent } from './port.ts';
import { countGuests, guestsOf, receiptOf, requireOwnEvent, timesOf } from './existing-event.ts';

/** Builds the handler of cancelEvent. */
export function createCancelEventHandler({
  calendar,
}: Pick<CalendarDeps, 'calendar'>): EffectHandler<CancelEventPayload> {
  const receiptFor = (payload: CancelEventPayload) =>
    receiptOf({ id: payload.eventId, etag: '', link: null }, payload);
  return {
    tool: 'cancelEvent',
    payloadSchema: cancelEventPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('cancelEvent', raw);
      const port = await calendar(context.owner);
      const event = await requireOwnEvent(port, context, input.eventId, 'cancel');
      const payload: CancelEventPayload = {
        kind: 'cancelEvent',
        account: context.owner.toLowerCase(),
        eventId: event.id,
        etag: event.etag,
        title: event.title,
        guests: guestsOf(event),
        ...timesOf(event, context.zone),
        zone: context.zone,
        location: event.location,
        description: event.description,
      };
      const { guests } = payload;
      return {
        payload,
        recipients: guests,
        card: cancelEventCard(payload),
        summary: `Cancel an event${guests.length === 0 ? '' : ` and tell ${countGuests(guests)}`}`,
      };
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner);
      const { eventId, etag, guests } = payload;
      try {
        const notify = guests.length > 0;
        await port.deleteEvent({ effectKey: context.effectKey, eventId, etag, notify });
      } catch (error) {
        if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
        const event = await port.getEvent(eventId, payload.zone);
        if (event !== null && !event.cancelled) throw error;
      }
      return receiptFor(payload);
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner);
      const event = await port.getEvent(payload.eventId, payload.zone);
      if (event !== null && !event.cancelled) return { found: 'absent' };
      return { found: 'done', receipt: receiptFor(payload) };
    },
    /** A cancelled id cannot be used again, so the event comes back under the undo's own key. */
    async undo(payload, _receipt, context) {
      const port = await calendar(context.step.owner);
      const again = await port.findCreated(context.effectKey, payload.zone);
      if (again !== null) return receiptOf(again, payload);
      const { title, start, end, zone, guests, location, description } = payload;
      const { effectKey } = context;
      const event = {
        ...plainEvent,
        effectKey,
        title,
        start,
        end,
        zone,
        guests,
        location,
        description,
      };
      return receiptOf(await port.insertEvent(event), payload);
    },
  };
}
