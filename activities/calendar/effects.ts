/** The calendar's effect handlers, as the one function that makes effects happen calls them. */
import type { JsonObject } from '#contracts/json.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { createCancelEventHandler } from './cancel-event.ts';
import { createCreateEventHandler } from './create-event.ts';
import type { CalendarAccess } from './dependencies.ts';
import { createHoldSlotsHandler } from './hold-slots.ts';
import { createMoveEventHandler } from './move-event.ts';
import { createReleaseHoldsHandler } from './release-holds.ts';
import { createRespondHandler } from './respond.ts';
import { createUpdateEventHandler } from './update-event.ts';

/** A handler as the gateway's table holds it: each takes the payload its own schema has parsed. */
export function asHandler<Payload extends JsonObject>(
  handler: EffectHandler<Payload>,
): EffectHandler {
  return handler as unknown as EffectHandler;
}

/** Builds the handlers of every tool that changes a calendar. */
export function createCalendarHandlers(deps: CalendarAccess): EffectHandler[] {
  return [
    asHandler(createCreateEventHandler(deps)),
    asHandler(createMoveEventHandler(deps)),
    asHandler(createCancelEventHandler(deps)),
    asHandler(createUpdateEventHandler(deps)),
    asHandler(createRespondHandler(deps)),
    asHandler(createHoldSlotsHandler(deps)),
    asHandler(createReleaseHoldsHandler(deps)),
  ];
}
