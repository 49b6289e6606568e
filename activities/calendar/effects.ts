/** The calendar's effect handlers, as the one function that makes effects happen calls them. */
import type { JsonObject } from '#contracts/json.ts';
import type { EffectHandler } from '../effects/handler.ts';
import { createCancelEventHandler } from './cancel-event.ts';
import { createCreateEventHandler } from './create-event.ts';
import type { CalendarDeps } from './dependencies.ts';
import { createMoveEventHandler } from './move-event.ts';

/** A handler as the gateway's table holds it: each takes the payload its own schema has parsed. */
export function asHandler<Payload extends JsonObject>(
  handler: EffectHandler<Payload>,
): EffectHandler {
  return handler as unknown as EffectHandler;
}

/** Builds the handlers of createEvent, moveEvent and cancelEvent. */
export function createCalendarHandlers(
  deps: Pick<CalendarDeps, 'calendar' | 'accounts'>,
): EffectHandler[] {
  return [
    asHandler(createCreateEventHandler(deps)),
    asHandler(createMoveEventHandler(deps)),
    asHandler(createCancelEventHandler(deps)),
  ];
}
