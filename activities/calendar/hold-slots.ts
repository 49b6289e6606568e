/**
 * Holding several slots for a meeting whose time is not settled. Each hold is a write with its own key;
 * undoing takes away those that still are holds, and so does the end of their time (ADR 0016).
 */
import type { StepContext } from '#contracts/activities.ts';
import { failures } from '#contracts/failures.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import {
  type HoldSlotsPayload,
  holdSlotsPayloadSchema,
  holdSlotsReceiptSchema,
} from '#contracts/schemas/event-changes.ts';
import type { EffectContext, EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { holdSlotsCard } from './change-cards.ts';
import { conflictsIn, requireStillFree } from './conflicts.ts';
import type { CalendarAccess } from './dependencies.ts';
import { ensureHold, holdTitle, newHold, removeHold, writeKey } from './holds.ts';
import type { CalendarEvent, CalendarPort } from './port.ts';
import { resolving } from './summaries.ts';
import { formatInstant, resolveInstant } from './time-phrases.ts';
import { MINUTE_MS, toRfc3339 } from './zone-time.ts';

/** Builds the handler of holdSlots. */
export function createHoldSlotsHandler(deps: CalendarAccess): EffectHandler<HoldSlotsPayload> {
  const { calendar } = deps;
  return {
    tool: 'holdSlots',
    payloadSchema: holdSlotsPayloadSchema,
    async prepare(context, raw) {
      const input = parseToolInput('holdSlots', raw);
      const { zone } = context;
      const wanted = input.slots.slice(0, input.count ?? input.slots.length);
      const slots = wanted.map(({ start }) => {
        const { ms, iso } = resolving(resolveInstant, start, context);
        return { start: iso, end: toRfc3339(ms + input.durationMinutes * MINUTE_MS, zone) };
      });
      const inZone = slots.map((slot) => ({ ...slot, zone }));
      const { looked, warnings } = await conflictsIn(deps, context.owner, inZone);
      const { email: account } = await deps.accounts.meant(context.owner, input.account);
      const payload: HoldSlotsPayload = {
        kind: 'holdSlots',
        account,
        title: input.title,
        slots,
        zone,
        expiresAt: expiryOf(input.expires, context),
        ...looked,
        conflicts: looked.conflicts ?? [],
      };
      const card = holdSlotsCard(payload);
      return {
        payload,
        recipients: [],
        card: { ...card, warnings: [...card.warnings, ...warnings] },
        summary: `Hold ${slots.length} slots`,
      };
    },
    async checkFresh(payload, context) {
      const slots = payload.slots.map((slot) => ({ ...slot, zone: payload.zone }));
      await requireStillFree(deps, context.owner, slots, payload);
    },
    async perform(payload, context) {
      const port = await calendar(context.step.owner, payload.account);
      const held: CalendarEvent[] = [];
      try {
        for (const hold of holdsOf(payload, context)) held.push(await ensureHold(port, hold));
      } catch (error) {
        await dropRefused(port, payload, context, held, error);
        throw error;
      }
      return receiptFor(payload, held);
    },
    async reconcile(payload, context) {
      const held = await findHolds(
        await calendar(context.step.owner, payload.account),
        payload,
        context,
      );
      const all = held.flatMap((event) => event ?? []);
      return all.length === payload.slots.length
        ? { found: 'done', receipt: receiptFor(payload, all) }
        : { found: 'absent' };
    },
    async undo(payload, receipt, context) {
      const port = await calendar(context.step.owner, payload.account);
      const { holds } = holdSlotsReceiptSchema.parse(receipt);
      const released: string[] = [];
      for (const { eventId } of holds) {
        const key = writeKey(context.effectKey, eventId);
        const title = holdTitle(payload.title);
        if (await removeHold(port, eventId, title, payload.zone, key)) released.push(eventId);
      }
      return { title: payload.title, released };
    },
  };
}

function expiryOf(expires: string | null | undefined, context: StepContext): string {
  if (expires == null) return toRfc3339(Date.parse(context.now) + limits.holdMs, context.zone);
  const { iso } = resolving(resolveInstant, expires, context);
  return iso;
}

function holdsOf({ slots, title, zone }: HoldSlotsPayload, { effectKey }: EffectContext) {
  return slots.map((slot, index) =>
    newHold(writeKey(effectKey, String(index)), holdTitle(title), slot, zone),
  );
}

async function findHolds(
  port: CalendarPort,
  payload: HoldSlotsPayload,
  context: EffectContext,
): Promise<(CalendarEvent | null)[]> {
  const keys = holdsOf(payload, context).map(({ effectKey }) => effectKey);
  return Promise.all(keys.map((key) => port.findCreated(key, payload.zone)));
}

/** A group that was refused half way leaves no hold behind. Failing to tidy up changes nothing. */
async function dropRefused(
  port: CalendarPort,
  { title, zone }: HoldSlotsPayload,
  { effectKey }: EffectContext,
  held: readonly CalendarEvent[],
  error: unknown,
): Promise<void> {
  const type = failureTypeOf(error);
  if (type === undefined || failures[type].category !== 'permanent') return;
  for (const { id } of held) {
    const key = writeKey(effectKey, id);
    await removeHold(port, id, holdTitle(title), zone, key).catch(() => undefined);
  }
}

function receiptFor(payload: HoldSlotsPayload, held: readonly CalendarEvent[]): JsonObject {
  const { title, slots, zone, expiresAt } = payload;
  const holds = slots.map(({ start, end }, index) => {
    const eventId = held[index]?.id;
    if (eventId === undefined) throw failure('ProviderUnavailableError', 'A hold has no id.');
    return { eventId, start, end, startLocal: formatInstant(Date.parse(start), zone) };
  });
  return { title, holds, expiresAt };
}
