/**
 * Cancelling one event, one occurrence, this and the following ones, or a whole series, under the etag
 * that was approved. Ending a series early is a change of it, carried out as one.
 */
import { type CancelEventPayload, cancelEventPayloadSchema } from '#contracts/schemas/calendar.ts';
import {
  type UpdateEventPayload,
  updateEventPayloadSchema,
} from '#contracts/schemas/event-changes.ts';
import { z } from 'zod';
import type { EffectHandler, PreparedPayload } from '../effects/handler.ts';
import { failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cancelEventCard } from './cards.ts';
import { changeCard } from './change-cards.ts';
import { findChange, performChange, undoChange } from './change-event.ts';
import type { CalendarAccess } from './dependencies.ts';
import { fieldsOf } from './event-fields.ts';
import { countGuests, guestsOf, receiptOf, timesOf } from './existing-event.ts';
import { insertWhole } from './insert-series.ts';
import { plainEvent } from './port.ts';
import { copy } from './prepare-change.ts';
import { countStarts } from './recurrence.ts';
import {
  cutSeries,
  exceptionsOf,
  instancesOf,
  ruleOf,
  seriesStart,
  type Target,
  targetOf,
} from './series.ts';

type Payload = CancelEventPayload | UpdateEventPayload;

/** Builds the handler of cancelEvent. */
export function createCancelEventHandler(deps: CalendarAccess): EffectHandler<Payload> {
  const { calendar } = deps;
  return {
    tool: 'cancelEvent',
    payloadSchema: z.union([cancelEventPayloadSchema, updateEventPayloadSchema]),
    async prepare(context, raw) {
      const input = parseToolInput('cancelEvent', raw);
      const target = await targetOf(deps, context, input, 'cancel');
      if (target.scope === 'following') return prepareEnd(target);
      return prepareCancel(target, context.zone);
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      if (payload.kind === 'updateEvent') return performChange(port, payload, context);
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
      const port = await calendar(context.step.owner, payload.account);
      if (payload.kind === 'updateEvent') return findChange(port, payload, context);
      const event = await port.getEvent(payload.eventId, payload.zone);
      if (event !== null && !event.cancelled) return { found: 'absent' };
      return { found: 'done', receipt: receiptFor(payload) };
    },
    /** A cancelled id cannot be used again, so the event comes back under the undo's own key. */
    async undo(payload, receipt, context) {
      const port = await calendar(context.step.owner, payload.account);
      if (payload.kind === 'updateEvent') return undoChange(port, payload, receipt, context);
      const again = await port.findCreated(context.effectKey, payload.zone);
      const { title, start, end, zone, location, description, recurrence } = payload;
      const { optionalGuests, rooms, showAs } = payload;
      const { effectKey } = context;
      const guests = payload.guests.filter((email) => !optionalGuests.includes(email));
      const times = { title, start, end, zone, recurrence };
      const people = { guests, optionalGuests, rooms };
      const shown = { location, description, private: payload.private, showAs };
      const event = { ...plainEvent, effectKey, ...times, ...people, ...shown };
      return receiptOf(await insertWhole(port, event, again), payload);
    },
  };
}

async function prepareCancel(
  target: Target,
  zone: string,
): Promise<PreparedPayload<CancelEventPayload>> {
  const { scope, written, account } = target;
  const whole = scope === 'all';
  const recurrence = whole && written.recurrence !== null ? await wholeRule(target) : null;
  const { optionalGuests, rooms, private: isPrivate, showAs } = fieldsOf(written, zone);
  // A series comes back in its own zone, so that its wall-clock time holds.
  const shownZone = recurrence === null ? zone : written.zone;
  const payload: CancelEventPayload = {
    kind: 'cancelEvent',
    account,
    eventId: written.id,
    etag: written.etag,
    title: written.title,
    guests: guestsOf(written),
    ...timesOf(written, shownZone),
    zone: shownZone,
    location: written.location,
    description: written.description,
    optionalGuests: [...optionalGuests],
    rooms: [...rooms],
    private: isPrivate,
    showAs,
    recurrence,
    instances: instancesOf(target),
  };
  const { guests } = payload;
  const told = guests.length === 0 ? '' : ` and tell ${countGuests(guests)}`;
  return {
    payload,
    recipients: guests,
    card: cancelEventCard(payload),
    summary: `Cancel ${whole ? 'a series' : 'an event'}${told}`,
  };
}

/** The rule of a series with everything that was taken out of it, so that it can come back. */
async function wholeRule({ calendar, written }: Target) {
  const rule = ruleOf(written);
  const { out } = await exceptionsOf(calendar, written, rule, seriesStart(written).start);
  return copy({ ...rule, excluded: [...rule.excluded, ...out] });
}

/** The series ends before the occurrence; nothing goes on. */
async function prepareEnd(target: Target): Promise<PreparedPayload<UpdateEventPayload>> {
  const { event, written, account } = target;
  const { zone } = written;
  const { previous, kept, rest, start, lost } = await cutSeries(target, zone);
  const guests = guestsOf(written);
  const payload: UpdateEventPayload = {
    kind: 'updateEvent',
    account,
    eventId: written.id,
    etag: written.etag,
    title: written.title,
    guests,
    scope: 'following',
    zone,
    ...timesOf(event, zone),
    before: {},
    after: {},
    split: { previous: copy(previous), kept: copy(kept), continuation: null, lost },
    instances: countStarts(rest, { start, zone }),
    conflicts: null,
  };
  const told = guests.length === 0 ? '' : ` and tell ${countGuests(guests)}`;
  return {
    payload,
    recipients: guests,
    card: changeCard(payload),
    summary: `End a series${told}`,
  };
}

function receiptFor(payload: CancelEventPayload) {
  return receiptOf({ id: payload.eventId, etag: '', link: null }, payload);
}
