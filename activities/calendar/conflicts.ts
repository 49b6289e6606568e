/**
 * What else the person has at the time of an event. What was shown with the approval is approved with
 * it; what came since is not.
 */
import { limits } from '#contracts/limits.ts';
import type { EventConflict } from '#contracts/schemas/calendar.ts';
import { readAccounts } from '../accounts.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import { showTime } from './card-lines.ts';
import { timesOf } from './existing-event.ts';
import type { CalendarAccess } from './dependencies.ts';
import { copyKey, mergeHeld } from './held-events.ts';
import type { CalendarEvent, Recurrence } from './port.ts';
import { msOf, startsOf } from './recurrence.ts';
import { DAY_MS } from './zone-time.ts';

/** When something is to happen, once or again and again. */
export type Slot = {
  readonly start: string;
  readonly end: string;
  readonly zone: string;
  readonly recurrence?: Recurrence | null | undefined;
};

/**
 * What a payload says of the person's other events then. Null conflicts: nobody asked; `unread` are
 * accounts whose calendars could not be read, absent when all could.
 */
export type Looked = {
  readonly conflicts: EventConflict[] | null;
  readonly unread?: string[];
};

/** What was found, and what the card says of it besides the conflicts. */
export type Look = { readonly looked: Looked; readonly warnings: readonly string[] };

/** Nobody looks: the event takes no time. */
export const notLooked: Look = { looked: { conflicts: null }, warnings: [] };

/** Of a series, this much is compared with the calendar. */
const comparedMs = 28 * DAY_MS;

/**
 * Events of the person that make them busy during a slot, or the first four weeks of a series, in any
 * of their calendars, each once and by start. `own` are events the change is itself about, which may
 * lie in several of the calendars.
 */
export async function conflictsAt(
  deps: CalendarAccess,
  owner: string,
  slot: Slot,
  own: readonly string[] = [],
): Promise<Look> {
  return conflictsIn(deps, owner, [slot], own);
}

/** The same for several slots, as one. */
export async function conflictsIn(
  deps: CalendarAccess,
  owner: string,
  slots: readonly Slot[],
  own: readonly string[] = [],
): Promise<Look> {
  const looks = await Promise.all(slots.map((slot) => lookAt(deps, owner, slot, own)));
  const unread = [...new Set(looks.flatMap(({ unread }) => unread))];
  const conflicts = looks.flatMap((look) => look.conflicts);
  return {
    looked: { conflicts, ...(unread.length === 0 ? {} : { unread }) },
    warnings: unread.map(
      (account) => `The calendar of ${account} could not be read: what you have then is not known.`,
    ),
  };
}

async function lookAt(
  deps: CalendarAccess,
  owner: string,
  slot: Slot,
  own: readonly string[],
): Promise<{ conflicts: EventConflict[]; unread: string[] }> {
  const { zone } = slot;
  const spans = spansOf(slot);
  const fromMs = spans[0]?.fromMs ?? 0;
  const toMs = Math.max(...spans.map((span) => span.toMs));
  const query = { fromMs, toMs, zone, limit: limits.eventListMax };
  const { found, unreachable } = await readAccounts(
    await deps.accounts.covered(owner),
    async ({ email }) => (await deps.calendar(owner, email)).listEvents(query),
  );
  const held = found.flatMap(({ account, value }) =>
    value.events.map((event) => ({ event, account: account.email })),
  );
  const isOwn = ({ id, recurringEventId }: CalendarEvent) =>
    own.includes(id) || own.includes(recurringEventId ?? '');
  const copies = new Set(
    held.filter(({ event }) => isOwn(event)).map(({ event }) => copyKey(event)),
  );
  copies.delete(null);
  const isInTheWay = (event: CalendarEvent) =>
    event.busy &&
    !event.cancelled &&
    event.response !== 'declined' &&
    !isOwn(event) &&
    !copies.has(copyKey(event)) &&
    spans.some((span) => event.startMs < span.toMs && event.endMs > span.fromMs);
  const conflicts = mergeHeld(held.filter(({ event }) => isInTheWay(event))).map(({ event }) => ({
    eventId: event.id,
    title: cleanLine(event.title, 100),
    ...timesOf(event, zone),
  }));
  return { conflicts, unread: unreachable.map(({ account }) => account) };
}

/**
 * Looks again just before the event is written. What was in the way already was approved with it, and
 * so was not knowing what is in a calendar.
 * @throws PreconditionFailedError when something else came in the way since, or a calendar that could
 * be read then cannot be read now: unknown is never free
 */
export async function requireStillFree(
  deps: CalendarAccess,
  owner: string,
  slots: readonly Slot[],
  shown: Looked,
  own: readonly string[] = [],
): Promise<void> {
  if (shown.conflicts === null) return;
  const known = new Set(shown.conflicts.map(keyOf));
  const { looked } = await conflictsIn(deps, owner, slots, own);
  const unread = (looked.unread ?? []).filter((account) => !shown.unread?.includes(account));
  if (unread.length > 0) {
    throw failure(
      'PreconditionFailedError',
      `Whether the time is still free is not known: the calendar of ${unread.join(', ')} cannot be read any more.`,
    );
  }
  const fresh = (looked.conflicts ?? []).filter((event) => !known.has(keyOf(event)));
  if (fresh.length === 0) return;
  const zone = slots[0]?.zone ?? 'UTC';
  const names = fresh.map(({ title, start }) => `"${title}" (${showTime(start, zone)})`);
  throw failure(
    'PreconditionFailedError',
    `The time is not free any more: ${names.join(', ')} came in the way since it was prepared.`,
  );
}

function spansOf({ start, end, zone, recurrence }: Slot): { fromMs: number; toMs: number }[] {
  const firstMs = msOf(start, zone);
  const lengthMs = msOf(end, zone) - firstMs;
  if (recurrence == null) return [{ fromMs: firstMs, toMs: firstMs + lengthMs }];
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const { ms } of startsOf(recurrence, { start, zone })) {
    if (ms >= firstMs + comparedMs) break;
    spans.push({ fromMs: ms, toMs: ms + lengthMs });
  }
  return spans;
}

/** The title is for people; the same event at the same time is the same conflict. */
function keyOf({ eventId, start, end }: EventConflict): string {
  return [eventId, start, end].join('\u0000');
}
