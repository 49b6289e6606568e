/**
 * Answering an invitation: the owner's own entry among the guests. An answer is for what the event
 * said when it was shown; answers of others meanwhile change nothing about that.
 */
import { type RespondPayload, respondPayloadSchema } from '#contracts/schemas/event-changes.ts';
import type { StepContext } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { ownAddressesOf } from '../accounts.ts';
import type { EffectContext, EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import { respondCard } from './change-cards.ts';
import { conflictsAt, notLooked } from './conflicts.ts';
import type { CalendarAccess } from './dependencies.ts';
import { changedSince, holdersOf, sameMoment, timesOf } from './existing-event.ts';
import type { HeldEvent } from './held-events.ts';
import type { CalendarEvent, CalendarPort } from './port.ts';
import { showStart } from './summaries.ts';

/** Builds the handler of respondToInvitation. */
export function createRespondHandler(deps: CalendarAccess): EffectHandler<RespondPayload> {
  const { calendar } = deps;
  return {
    tool: 'respondToInvitation',
    payloadSchema: respondPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('respondToInvitation', raw);
      const { event: named, account } = await requireInvitation(deps, context, input);
      const seriesId = input.scope === 'all' ? named.recurringEventId : null;
      const series = { account, eventId: seriesId ?? named.id };
      const event =
        seriesId === null ? named : (await requireInvitation(deps, context, series)).event;
      const slot = { ...timesOf(event, context.zone), zone: context.zone };
      const own = [event.id, named.id, event.recurringEventId ?? event.id];
      const { looked, warnings } =
        input.response === 'declined'
          ? notLooked
          : await conflictsAt(deps, context.owner, slot, own);
      const payload: RespondPayload = {
        kind: 'respondToInvitation',
        account,
        eventId: event.id,
        title: event.title,
        ...slot,
        to: event.organizer === null ? [] : [event.organizer.email.toLowerCase()],
        response: input.response,
        previous: answerOf(event),
        comment: input.comment ?? null,
        conflicts: looked.conflicts,
      };
      const card = respondCard(payload, await ownAddressesOf(deps, context.owner));
      return {
        payload,
        recipients: payload.to,
        card: { ...card, warnings: [...card.warnings, ...warnings] },
        summary: 'Answer an invitation',
      };
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      const event = await port.getEvent(payload.eventId, payload.zone);
      if (event === null || event.cancelled || !isAsShown(event, payload)) {
        throw failure(
          'PreconditionFailedError',
          `"${cleanLine(payload.title, 80)}" was changed since it was shown, so it was not answered.`,
        );
      }
      try {
        return await answer(port, payload, context, event, payload.response, payload.comment);
      } catch (error) {
        if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
        // Somebody else's change, or our own answer delivered twice.
        const now = await port.getEvent(payload.eventId, payload.zone);
        if (now === null || now.cancelled || answerOf(now) !== payload.response) throw error;
        return receiptOf(payload, now, payload.response);
      }
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
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
      const port = await calendar(context.step.owner, payload.account);
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
  deps: CalendarAccess,
  context: StepContext,
  asked: { readonly eventId: string; readonly account?: string | null | undefined },
): Promise<HeldEvent> {
  const holders = await holdersOf(deps, context, asked);
  const holder = holders.find(({ value }) => isInvitation(value)) ?? holders[0];
  const event = holder?.value;
  if (holder === undefined || event === undefined || event.cancelled) {
    throw failure('NotFoundError', 'There is no invitation with this id. Find it with findEvent.');
  }
  if (event.response === null || event.response === 'organizer') {
    const why = event.response === null ? 'Nobody invited you to' : 'You organise';
    throw failure('InvalidInputError', `${why} "${cleanLine(event.title, 80)}".`);
  }
  return { event, account: holder.account.email };
}

function isInvitation({ cancelled, response }: CalendarEvent): boolean {
  return !cancelled && response !== null && response !== 'organizer';
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
