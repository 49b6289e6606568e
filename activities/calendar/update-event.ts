/** Editing an event, one occurrence, this and the following ones, or a whole series. */
import {
  type UpdateEventPayload,
  updateEventPayloadSchema,
} from '#contracts/schemas/event-changes.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { parseToolInput } from '../tool-input.ts';
import { findChange, performChange, undoChange } from './change-event.ts';
import { requireStillFree } from './conflicts.ts';
import type { CalendarAccess } from './dependencies.ts';
import { prepareChange } from './prepare-change.ts';

/** Builds the handler of updateEvent. */
export function createUpdateEventHandler(deps: CalendarAccess): EffectHandler<UpdateEventPayload> {
  const { calendar } = deps;
  return {
    tool: 'updateEvent',
    payloadSchema: updateEventPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('updateEvent', raw);
      return prepareChange(deps, context, input, 'change');
    },
    async checkFresh(payload, context) {
      await requireChangeFree(deps, context.owner, payload);
    },
    async perform(payload, context) {
      return performChange(await calendar(context.step.owner, payload.account), payload, context);
    },
    async reconcile(payload, context) {
      return findChange(await calendar(context.step.owner, payload.account), payload, context);
    },
    async undo(payload, receipt, context) {
      return undoChange(
        await calendar(context.step.owner, payload.account),
        payload,
        receipt,
        context,
      );
    },
  };
}

/** @throws PreconditionFailedError when something came in the way of the new time since */
export async function requireChangeFree(
  deps: CalendarAccess,
  owner: string,
  payload: UpdateEventPayload,
): Promise<void> {
  const { start, end, zone, after, split, eventId } = payload;
  const recurrence = split?.continuation?.recurrence ?? after.recurrence ?? null;
  await requireStillFree(deps, owner, [{ start, end, zone, recurrence }], payload, [eventId]);
}
