/**
 * Settling holds: one of them becomes the event and the others go, or all go. Choosing comes first, so
 * that a death in between leaves holds too many and never none. Each write has its own key.
 */
import type { StepContext } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import {
  type ReleaseHoldsPayload,
  releaseHoldsPayloadSchema,
} from '#contracts/schemas/event-changes.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { ownAddressesOf } from '../accounts.ts';
import type { EffectContext, EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import { releaseHoldsCard } from './change-cards.ts';
import type { CalendarAccess } from './dependencies.ts';
import { hasFields } from './event-fields.ts';
import {
  changedSince,
  countGuests,
  receiptOf,
  requireOwnEvent,
  timesOf,
} from './existing-event.ts';
import type { HeldEvent } from './held-events.ts';
import {
  ensureHold,
  heldTitle,
  type HeldSlot,
  holdsWith,
  holdTitle,
  isHold,
  newHold,
  removeHold,
  writeKey,
} from './holds.ts';
import type { CalendarEvent, CalendarPort, EventPrecondition, NewEvent } from './port.ts';

/** Builds the handler of releaseHolds. */
export function createReleaseHoldsHandler(
  deps: CalendarAccess,
): EffectHandler<ReleaseHoldsPayload> {
  const { calendar } = deps;
  return {
    tool: 'releaseHolds',
    payloadSchema: releaseHoldsPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('releaseHolds', raw);
      const { zone } = context;
      const { event: named, account } = await namedHold(deps, context, input);
      const port = await calendar(context.owner, account);
      const title = heldTitle(named.title);
      if (title === undefined || !isHold(named, named.title)) {
        throw failure('InvalidInputError', `"${cleanLine(named.title, 80)}" is not a hold.`);
      }
      const keep = input.keep === true;
      const group = await holdsWith(port, named.title, Date.parse(context.now), zone);
      const held = (event: CalendarEvent) => {
        const { id: eventId, etag } = event;
        return { eventId, etag, ...timesOf(event, zone) };
      };
      const payload: ReleaseHoldsPayload = {
        kind: 'releaseHolds',
        account,
        title,
        holdTitle: named.title,
        zone,
        kept: keep ? held(named) : null,
        released: group.filter(({ id }) => !keep || id !== named.id).map(held),
        guests: keep ? [...new Set(input.guests ?? [])].filter((email) => email !== account) : [],
        location: input.location ?? null,
        description: input.description ?? null,
        conference: keep && input.conference === true,
      };
      const { guests } = payload;
      const told = guests.length === 0 ? '' : ` and invite ${countGuests(guests)}`;
      return {
        payload,
        recipients: guests,
        card: releaseHoldsCard(payload, await ownAddressesOf(deps, context.owner)),
        summary: keep ? `Make a hold an event${told}` : 'Release holds',
      };
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      const event = await choose(port, payload, context);
      for (const { eventId } of payload.released) {
        const key = writeKey(context.effectKey, eventId);
        await removeHold(port, eventId, payload.holdTitle, payload.zone, key);
      }
      return receiptFor(payload, event);
    },
    async reconcile(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      const { kept, released, zone } = payload;
      const event = kept === null ? null : await port.getEvent(kept.eventId, zone);
      if (kept !== null && (event === null || !isChosen(event, payload)))
        return { found: 'absent' };
      for (const { eventId } of released) {
        const hold = await port.getEvent(eventId, zone);
        if (hold !== null && isHold(hold, payload.holdTitle)) return { found: 'absent' };
      }
      return { found: 'done', receipt: receiptFor(payload, event) };
    },
    /** The event becomes a hold again, and those that went come back as new ones. */
    async undo(payload, _receipt, context) {
      const port = await calendar(context.step.owner, payload.account);
      const { kept, released, zone } = payload;
      if (kept !== null) await unchoose(port, payload, context, kept.eventId);
      const again: string[] = [];
      for (const { start, end, eventId } of released) {
        // One that was left, because somebody made something else of it, is not held once more.
        const left = await port.getEvent(eventId, zone);
        if (left !== null && !left.cancelled) continue;
        const key = writeKey(context.effectKey, eventId);
        const hold = newHold(key, payload.holdTitle, { start, end }, zone);
        again.push((await ensureHold(port, hold)).id);
      }
      return { title: payload.title, held: again };
    },
  };
}

/** A hold of the group that is meant: the one that is named, or the first with that title. */
async function namedHold(
  deps: CalendarAccess,
  context: StepContext,
  { eventId, title, account, keep }: ToolInput<'releaseHolds'>,
): Promise<HeldEvent> {
  if (eventId != null) return requireOwnEvent(deps, context, { eventId, account }, 'change');
  if (title == null || keep === true) {
    throw failure('InvalidInputError', 'Name the hold to keep, or what the holds are for.');
  }
  const fromMs = Date.parse(context.now);
  for (const { email } of await deps.accounts.covered(context.owner, account)) {
    const calendar = await deps.calendar(context.owner, email);
    const [event] = await holdsWith(calendar, holdTitle(title), fromMs, context.zone);
    if (event !== undefined) return { event, account: email };
  }
  throw failure('NotFoundError', `Nothing is held for "${cleanLine(title, 80)}".`);
}

const stays = 'not made a hold again';

async function choose(
  port: CalendarPort,
  payload: ReleaseHoldsPayload,
  { effectKey }: EffectContext,
): Promise<CalendarEvent | null> {
  const { kept, guests, zone } = payload;
  if (kept === null) return null;
  const now = await port.getEvent(kept.eventId, zone);
  if (now !== null && isChosen(now, payload)) return now;
  const change = { effectKey, eventId: kept.eventId, etag: kept.etag, notify: guests.length > 0 };
  try {
    return await port.updateEvent({ ...change, patch: chosenFields(payload) });
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    // Somebody else's change, or our own delivered twice.
    const event = await port.getEvent(kept.eventId, zone);
    if (event !== null && isChosen(event, payload)) return event;
    throw error;
  }
}

async function unchoose(
  port: CalendarPort,
  payload: ReleaseHoldsPayload,
  { effectKey }: EffectContext,
  eventId: string,
): Promise<void> {
  const { title, zone, guests } = payload;
  const event = await port.getEvent(eventId, zone);
  if (event !== null && isHold(event, payload.holdTitle)) return;
  const anew = payload.conference && !port.dropsConference ? holdAnew(payload, effectKey) : null;
  if (anew !== null && (event === null || event.cancelled)) {
    const earlier = await port.findCreated(anew.effectKey, zone);
    if (earlier !== null && !earlier.cancelled) return;
  }
  if (event === null || !isChosen(event, payload)) throw changedSince(title, stays);
  const change = { effectKey, eventId, etag: event.etag, notify: guests.length > 0 };
  if (anew !== null) return replace(port, payload, anew, change);
  const patch = {
    title: payload.holdTitle,
    guests: [],
    location: null,
    description: null,
    private: true,
    showAs: 'tentative',
    ...(payload.conference ? { conference: false } : {}),
  } as const;
  try {
    await port.updateEvent({ ...change, patch });
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    throw changedSince(title, stays);
  }
}

/** The hold that stands in for an event whose link to meet online cannot be taken off. */
function holdAnew({ kept, holdTitle: title, zone }: ReleaseHoldsPayload, effectKey: string) {
  if (kept === null) return null;
  return newHold(writeKey(effectKey, kept.eventId), title, kept, zone);
}

/** The hold first: for a moment the time is taken twice, and never free. */
async function replace(
  port: CalendarPort,
  payload: ReleaseHoldsPayload,
  anew: NewEvent,
  change: EventPrecondition,
): Promise<void> {
  const hold = await ensureHold(port, anew);
  try {
    await port.deleteEvent(change);
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    const { title, holdTitle: held, zone } = payload;
    const event = await port.getEvent(change.eventId, zone);
    if (event === null || event.cancelled) return;
    // Changed in nothing that matters here: it is looked at once more.
    if (isChosen(event, payload)) throw error;
    await removeHold(port, hold.id, held, zone, writeKey(anew.effectKey, 'withdrawn'));
    throw changedSince(title, stays);
  }
}

/** What a hold becomes. */
function chosenFields({ title, guests, location, description, conference }: ReleaseHoldsPayload) {
  return {
    title,
    guests,
    location,
    description,
    private: false,
    showAs: 'busy',
    ...(conference ? { conference } : {}),
  } as const;
}

function isChosen(event: CalendarEvent, payload: ReleaseHoldsPayload): boolean {
  const { guests, ...fields } = chosenFields(payload);
  return !event.cancelled && hasFields(event, { ...fields, guests: [...guests] });
}

function receiptFor(payload: ReleaseHoldsPayload, event: CalendarEvent | null): JsonObject {
  const { account, title, kept, released, guests, zone } = payload;
  const holdIds = [...(kept === null ? [] : [kept.eventId]), ...released.map((one) => one.eventId)];
  const times: HeldSlot | null = kept;
  const made =
    event === null || times === null
      ? null
      : receiptOf(event, { account, title, ...times, zone, guests });
  return { title, event: made, holdIds };
}
