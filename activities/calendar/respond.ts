/**
 * Answering an invitation: the owner's own entry among the guests. An answer is for what the event
 * said when it was shown; answers of others meanwhile change nothing about that.
 */
import { type RespondPayload, respondPayloadSchema } from '#contracts/schemas/event-changes.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectContext, EffectHandler } from '../effects/handler.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import { respondCard } from './change-cards.ts';
import { conflictsAt } from './conflicts.ts';
import type { CalendarDeps } from './dependencies.ts';
import { changedSince, sameMoment, timesOf } from './existing-event.ts';
import type { CalendarEvent, CalendarPort } from './port.ts';
import { showStart } from './summaries.ts';

/** Builds the handler of respondToInvitation. */
export function createRespondHandler({
  calendar,
}: Pick<CalendarDeps, 'calendar'>): EffectHandler<RespondPayload> {
  return {
    tool: 'respondToInvitation',
    payloadSchema: respondPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('respondToInvitation', raw);
      const port = await calendar(context.owner);
      const named = await requireInvitation(port, input.eventId, context.zone);
      const seriesId = input.scope === 'all' ? named.recurringEventId : null;
      const event =
        seriesId === null ? named : await requireInvitation(port, seriesId, context.zone);
      const slot = { ...timesOf(event, context.zone), zone: context.zone };
      const own = [event.id, named.id, event.recurringEventId ?? event.id];
      const payload: RespondPayload = {
        kind: 'respondToInvitation',
        account: context.owner.toLowerCase(),
        eventId: event.id,
        title: event.title,
        ...slot,
        to: event.organizer === null ? [] : [event.organizer.email.toLowerCase()],
        response: input.response,
        previous: answerOf(event),
        comment: input.comment ?? null,
        conflicts: input.response === 'declined' ? null : await conflictsAt(port, slot, own),
      };
      return {
        payload,
        recipients: payload.to,
        card: respondCard(payload),
        summary: 'Answer an invitation',
      };
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner);
      const event = await port.getEvent(payload.eventId, payload.zone);
      if (event === null || event.cancelled || !isAsShown(event, payload)) {
        throw failure(
          'PreconditionFailedError',
          `"${cleanLine(payload.title, 80)}" was changed since it was shown, so it was not answered.`,
        );
      }
      return answer(port, payload, context, event, payload.response, payload.comment);
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner);
      const event = await port.getEvent(payload.eventId, payload.zone);
      // A declined invitation may leave the calendar.
      const gone = event === null || event.cancelled;
      const isDone = gone ? payload.response === 'declined' : answerOf(event) === payload.response;
      if (
        !isDone ||
        (event !== null &&
          !gone &&
          event.effectKey !== context.effectKey &&
          payload.previous === payload.response)
      ) {
        return { found: 'absent' };
      }
      return { found: 'done', receipt: receiptOf(payload, event, payload.response) };
    },
    async undo(payload, _receipt, context) {
      const { previous, title } = payload;
      if (previous === 'none') {
        throw failure('ConflictError', `There was no earlier answer to "${cleanLine(title, 80)}".`);
      }
      const port = await calendar(context.step.owner);
      const event = await port.getEvent(payload.eventId, payload.zone);
      if (event === null || event.cancelled) throw changedSince(title, 'not answered again');
      if (answerOf(event) === previous) return receiptOf(payload, event, previous);
      if (answerOf(event) !== payload.response) throw changedSince(title, 'not answered again');
      return answer(port, payload, context, event, previous, null);
    },
  };
}

async function answer(
  port: CalendarPort,
  payload: RespondPayload,
  { effectKey }: EffectContext,
  { id, etag }: CalendarEvent,
  response: RespondPayload['response'],
  comment: string | null,
): Promise<JsonObject> {
  const change = { effectKey, eventId: id, etag, notify: payload.to.length > 0 };
  const answered = await port.respond({ ...change, response, comment });
  return receiptOf(payload, answered, response);
}

/** @throws NotFoundError, InvalidInputError for an event nobody invited the owner to */
async function requireInvitation(
  port: CalendarPort,
  eventId: string,
  zone: string,
): Promise<CalendarEvent> {
  const event = await port.getEvent(eventId, zone);
  if (event === null || event.cancelled) {
    throw failure('NotFoundError', 'There is no invitation with this id. Find it with findEvent.');
  }
  if (event.response === null || event.response === 'organizer') {
    const why = event.response === null ? 'Nobody invited you to' : 'You organise';
    throw failure('InvalidInputError', `${why} "${cleanLine(event.title, 80)}".`);
  }
  return event;
}

function answerOf({ response }: CalendarEvent): RespondPayload['previous'] {
  return response === null || response === 'organizer' ? 'none' : response;
}

function isAsShown(event: CalendarEvent, { title, start, end, zone }: RespondPayload): boolean {
  const now = timesOf(event, zone);
  return event.title === title && sameMoment(now.start, start) && sameMoment(now.end, end);
}

function receiptOf(
  { eventId, title, to, zone, start }: RespondPayload,
  event: CalendarEvent | null,
  response: string,
): JsonObject {
  const startLocal = event === null ? start : showStart(event, zone);
  return { eventId, title, startLocal, response, to };
}
