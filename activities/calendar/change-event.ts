/**
 * Carries out a prepared change, looks whether it happened, and undoes it. "This and following" is
 * two writes: the second half is created under the effect key, then the series is made to end before
 * it under its etag. Each is looked for before it is made, so that a death between the two is mended
 * by the next attempt.
 */
import type { JsonObject } from '#contracts/json.ts';
import type { UpdateEventPayload } from '#contracts/schemas/event-changes.ts';
import type { EffectContext, Reconciliation } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import { writtenSchema } from './create-event.ts';
import { hasFields, patchOf, sameRecurrence } from './event-fields.ts';
import { changedSince, receiptOf } from './existing-event.ts';
import { insertWhole, takeOut } from './insert-series.ts';
import type { CalendarEvent, CalendarPort } from './port.ts';

type Change = { readonly payload: UpdateEventPayload; readonly context: EffectContext };
type Split = NonNullable<UpdateEventPayload['split']>;

/** Makes the change, once. */
export async function performChange(
  port: CalendarPort,
  payload: UpdateEventPayload,
  context: EffectContext,
): Promise<JsonObject> {
  const change = { payload, context };
  if (payload.split !== null) return performSplit(port, change, payload.split);
  try {
    const changed = await port.updateEvent({
      ...preconditionOf(change, payload.etag),
      patch: patchOf(payload.after),
    });
    return receiptFor(changed, payload);
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    // Somebody else's change, or our own from an attempt whose answer was lost.
    const event = await port.getEvent(payload.eventId, payload.zone);
    if (event !== null && isChanged(event, change)) return receiptFor(event, payload);
    throw error;
  }
}

/** Looks whether the change happened. */
export async function findChange(
  port: CalendarPort,
  payload: UpdateEventPayload,
  context: EffectContext,
): Promise<Reconciliation> {
  const { split, eventId, zone } = payload;
  const event = await port.getEvent(eventId, zone);
  if (split === null) {
    const done = event !== null && isChanged(event, { payload, context });
    return done ? { found: 'done', receipt: receiptFor(event, payload) } : { found: 'absent' };
  }
  if (event === null || !isTrimmed(event, split, context.effectKey)) return { found: 'absent' };
  if (split.continuation === null) return { found: 'done', receipt: receiptFor(event, payload) };
  const second = await port.findCreated(context.effectKey, zone);
  if (second === null || second.cancelled) return { found: 'absent' };
  return { found: 'done', receipt: receiptFor(second, payload) };
}

/** Takes the change back. @throws ConflictError when somebody changed the event since */
export async function undoChange(
  port: CalendarPort,
  payload: UpdateEventPayload,
  receipt: JsonObject,
  context: EffectContext,
): Promise<JsonObject> {
  const { split, eventId, zone, title, before, after } = payload;
  const event = await port.getEvent(eventId, zone);
  const kept = 'not changed back';
  if (event === null || event.cancelled) throw changedSince(title, kept);
  if (split !== null) return undoSplit(port, { payload, context }, split, receipt, event);
  const back = { ...payload, start: before.start ?? payload.start, end: before.end ?? payload.end };
  if (hasFields(event, before)) return receiptFor(event, back);
  if (receipt['etag'] !== event.etag && !hasFields(event, after)) throw changedSince(title, kept);
  const change = { payload, context };
  const patch = patchOf(before);
  return refusing(title, kept, async () =>
    receiptFor(await port.updateEvent({ ...preconditionOf(change, event.etag), patch }), back),
  );
}

async function performSplit(port: CalendarPort, change: Change, split: Split): Promise<JsonObject> {
  const { payload, context } = change;
  const { effectKey } = context;
  const { eventId, zone, title } = payload;
  const series = await port.getEvent(eventId, zone);
  const trimmed = series !== null && !series.cancelled && isTrimmed(series, split, effectKey);
  const fits = series !== null && !series.cancelled && (trimmed || series.etag === payload.etag);
  const earlier = split.continuation === null ? null : await port.findCreated(effectKey, zone);
  if (!fits) {
    await withdraw(port, change, earlier);
    throw failure(
      'PreconditionFailedError',
      `"${cleanLine(title, 80)}" was changed since it was shown, so it was left alone.`,
    );
  }
  if (earlier?.cancelled === true) {
    throw failure('ConflictError', 'The second half of the series was removed meanwhile.');
  }
  const second =
    split.continuation === null
      ? null
      : await insertWhole(port, { ...split.continuation, effectKey }, earlier);
  if (trimmed) return receiptFor(second ?? series, payload);
  try {
    const patch = { recurrence: split.kept };
    const first = await port.updateEvent({ ...preconditionOf(change, payload.etag), patch });
    return receiptFor(second ?? first, payload);
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    // Somebody else's change, or our own delivered twice: then the first half has ended as it should.
    const now = await port.getEvent(eventId, zone);
    if (now !== null && isTrimmed(now, split, effectKey)) return receiptFor(second ?? now, payload);
    await withdraw(port, change, second);
    throw error;
  }
}

/** A second half without its first: the change is refused, so it goes again. */
async function withdraw(
  port: CalendarPort,
  change: Change,
  second: CalendarEvent | null,
): Promise<void> {
  if (second === null || second.cancelled) return;
  await port.deleteEvent({ ...preconditionOf(change, second.etag), eventId: second.id });
}

/** The series first: for a moment there are two of an occurrence, and never none. */
async function undoSplit(
  port: CalendarPort,
  change: Change,
  split: Split,
  receipt: JsonObject,
  series: CalendarEvent,
): Promise<JsonObject> {
  const { title, zone } = change.payload;
  const kept = 'not put together again';
  const { eventId, etag } = writtenSchema.parse(receipt);
  const second = split.continuation === null ? null : await port.getEvent(eventId, zone);
  const isThere = second !== null && !second.cancelled;
  if (isThere && split.continuation !== null) {
    const untouched = second.etag === etag || hasFields(second, split.continuation);
    if (!untouched) throw changedSince(title, kept);
  }
  const isWhole =
    series.recurrence !== 'inexpressible' &&
    sameRecurrence(series.recurrence, split.previous, series.zone);
  if (!isWhole && !isTrimmed(series, split, change.context.effectKey))
    throw changedSince(title, kept);
  return refusing(title, kept, async () => {
    // What is out already is said with the rule; what came back with it is taken out after it.
    const { rule } = split.previous;
    const patch = { recurrence: { rule, excluded: leftOut(series) } };
    const whole = isWhole
      ? series
      : await port.updateEvent({ ...preconditionOf(change, series.etag), patch });
    const { effectKey } = change.context;
    await takeOut(port, { seriesId: series.id, effectKey, zone }, split.previous.excluded);
    if (isThere) {
      const gone = preconditionOf(change, second.etag);
      await port.deleteEvent({ ...gone, eventId: second.id });
    }
    return receiptFor(whole, change.payload);
  });
}

function preconditionOf({ payload, context }: Change, etag: string) {
  const { eventId, guests } = payload;
  return { effectKey: context.effectKey, eventId, etag, notify: guests.length > 0 };
}

function receiptFor(event: CalendarEvent, payload: UpdateEventPayload): JsonObject {
  const title = payload.after.title ?? payload.title;
  const { account, start, end, zone, guests } = payload;
  return receiptOf(event, { account, title, start, end, zone, guests });
}

function isChanged(event: CalendarEvent, { payload, context }: Change): boolean {
  if (event.cancelled) return false;
  return hasFields(event, payload.after) || event.effectKey === context.effectKey;
}

function leftOut({ recurrence }: CalendarEvent): readonly string[] {
  return recurrence === null || recurrence === 'inexpressible' ? [] : recurrence.excluded;
}

function isTrimmed(
  { recurrence, cancelled, zone, effectKey }: CalendarEvent,
  { kept }: Split,
  ownKey: string,
): boolean {
  if (cancelled || recurrence === 'inexpressible') return false;
  return effectKey === ownKey || sameRecurrence(recurrence, kept, zone);
}

async function refusing<Result>(
  title: string,
  consequence: string,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    throw changedSince(title, consequence);
  }
}
