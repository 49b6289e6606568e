/**
 * Moving one event or one occurrence: absolute times under the etag that was approved. Moving more of
 * a series is a change of it, carried out as one.
 */
import { z } from 'zod';
import { type MoveEventPayload, moveEventPayloadSchema } from '#contracts/schemas/calendar.ts';
import {
  type UpdateEventPayload,
  updateEventPayloadSchema,
} from '#contracts/schemas/event-changes.ts';
import { ownAddressesOf } from '../accounts.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { moveEventCard } from './cards.ts';
import { findChange, performChange, undoChange } from './change-event.ts';
import { conflictsAt, notLooked, requireStillFree } from './conflicts.ts';
import type { CalendarAccess } from './dependencies.ts';
import {
  changedSince,
  countGuests,
  guestsOf,
  isStill,
  receiptOf,
  sameMoment,
  timesOf,
} from './existing-event.ts';
import type { CalendarEvent } from './port.ts';
import { prepareChange } from './prepare-change.ts';
import { targetOf } from './series.ts';
import { requireChangeFree } from './update-event.ts';
import { resolving } from './summaries.ts';
import { resolveInstant } from './time-phrases.ts';
import { MINUTE_MS, toRfc3339 } from './zone-time.ts';

type Payload = MoveEventPayload | UpdateEventPayload;

/** Builds the handler of moveEvent. */
export function createMoveEventHandler(deps: CalendarAccess): EffectHandler<Payload> {
  const { calendar } = deps;
  return {
    tool: 'moveEvent',
    payloadSchema: z.union([moveEventPayloadSchema, updateEventPayloadSchema]),
    async prepare(context, raw) {
      const input = parseToolInput('moveEvent', raw);
      const target = await targetOf(deps, context, input, 'move');
      if (target.scope !== 'this') return prepareChange(deps, context, input, 'move');
      const { event, account } = target;
      const start = resolving(resolveInstant, input.start, context);
      if (event.allDay !== null) {
        throw failure('InvalidInputError', 'An all-day event has no time that could be moved.');
      }
      const lengthMs = input.durationMinutes
        ? input.durationMinutes * MINUTE_MS
        : event.endMs - event.startMs;
      if (start.ms === event.startMs && lengthMs === event.endMs - event.startMs) {
        throw failure('InvalidInputError', `The event already is at ${start.label}.`);
      }
      const slot = {
        start: start.iso,
        end: toRfc3339(start.ms + lengthMs, start.zone),
        zone: start.zone,
      };
      const { looked, warnings } = event.busy
        ? await conflictsAt(deps, context.owner, slot, [event.id])
        : notLooked;
      const payload: MoveEventPayload = {
        kind: 'moveEvent',
        account,
        eventId: event.id,
        etag: event.etag,
        title: event.title,
        guests: guestsOf(event),
        previous: timesOf(event, start.zone),
        ...slot,
        ...looked,
      };
      const card = moveEventCard(payload, await ownAddressesOf(deps, context.owner));
      const told = payload.guests.length === 0 ? '' : ` and tell ${countGuests(payload.guests)}`;
      return {
        payload,
        recipients: payload.guests,
        card: { ...card, warnings: [...card.warnings, ...start.notes, ...warnings] },
        summary: `Move an event${told}`,
      };
    },
    async checkFresh(payload, context) {
      const { owner } = context;
      if (payload.kind === 'updateEvent') return requireChangeFree(deps, owner, payload);
      await requireStillFree(deps, owner, [payload], payload, [payload.eventId]);
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      if (payload.kind === 'updateEvent') return performChange(port, payload, context);
      try {
        const moved = await port.updateEvent({
          effectKey: context.effectKey,
          eventId: payload.eventId,
          etag: payload.etag,
          notify: payload.guests.length > 0,
          patch: { start: payload.start, end: payload.end, zone: payload.zone },
        });
        return receiptOf(moved, payload);
      } catch (error) {
        if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
        // Somebody else's change, or our own from an attempt whose answer was lost.
        const event = await port.getEvent(payload.eventId, payload.zone);
        if (event !== null && isMoved(event, payload)) return receiptOf(event, payload);
        throw error;
      }
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      if (payload.kind === 'updateEvent') return findChange(port, payload, context);
      const event = await port.getEvent(payload.eventId, payload.zone);
      if (event === null) return { found: 'absent' };
      const done = isMoved(event, payload) || event.effectKey === context.effectKey;
      return done ? { found: 'done', receipt: receiptOf(event, payload) } : { found: 'absent' };
    },
    async undo(payload, receipt, context) {
      const port = await calendar(context.step.owner, payload.account);
      if (payload.kind === 'updateEvent') return undoChange(port, payload, receipt, context);
      const { account, eventId, previous, title, zone } = payload;
      const event = await port.getEvent(eventId, zone);
      if (event === null || event.cancelled) throw changedSince(title, 'not moved back');
      const back = { account, zone: payload.zone, title, ...previous, guests: payload.guests };
      if (isAt(event, previous)) return receiptOf(event, back);
      const { etag } = event;
      if (receipt['etag'] !== etag && !isStill(event, payload)) {
        throw changedSince(title, 'not moved back');
      }
      try {
        const moved = await port.updateEvent({
          effectKey: context.effectKey,
          eventId,
          etag,
          notify: payload.guests.length > 0,
          patch: { ...previous, zone },
        });
        return receiptOf(moved, back);
      } catch (error) {
        if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
        throw changedSince(title, 'not moved back');
      }
    },
  };
}

function isMoved(event: CalendarEvent, payload: MoveEventPayload): boolean {
  return !event.cancelled && isAt(event, payload);
}

function isAt(event: CalendarEvent, times: { start: string; end: string }): boolean {
  const now = timesOf(event, event.zone);
  return sameMoment(now.start, times.start) && sameMoment(now.end, times.end);
}
