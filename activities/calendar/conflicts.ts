/**
 * What else the person has at the time of an event to create. What was shown with the approval is
 * approved with it; what came since is not.
 */
import { limits } from '#contracts/limits.ts';
import type { CreateEventPayload, EventConflict } from '#contracts/schemas/calendar.ts';
import { readAccounts, type UnreachableAccount } from '../accounts.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import { showTime } from './cards.ts';
import type { CalendarDeps } from './dependencies.ts';
import { timesOf } from './existing-event.ts';

type Slot = { readonly start: string; readonly end: string; readonly zone: string };

/** Events of the person that make them busy during a slot, in any of their calendars, by start. */
export async function conflictsAt(
  deps: Pick<CalendarDeps, 'calendar' | 'accounts'>,
  owner: string,
  slot: Slot,
): Promise<{ conflicts: EventConflict[]; unreachable: readonly UnreachableAccount[] }> {
  const fromMs = Date.parse(slot.start);
  const toMs = Date.parse(slot.end);
  const { zone } = slot;
  const query = { fromMs, toMs, zone, limit: limits.eventListMax };
  const { found, unreachable } = await readAccounts(
    await deps.accounts.covered(owner),
    async ({ email }) => (await deps.calendar(owner, email)).listEvents(query),
  );
  const conflicts = found
    .flatMap(({ value }) => value.events)
    .filter(
      (event) => event.busy && !event.cancelled && event.startMs < toMs && event.endMs > fromMs,
    )
    .sort((a, b) => a.startMs - b.startMs)
    .map((event) => ({
      eventId: event.id,
      title: cleanLine(event.title, 100),
      ...timesOf(event, zone),
    }));
  return { conflicts, unreachable };
}

/** Says on a card that a calendar was not looked at. */
export function unreadWarning({ account }: UnreachableAccount): string {
  return `The calendar of ${account} could not be read: what you have then is not known.`;
}

/**
 * Looks again just before the event is created. What was in the way already was approved with it.
 * @throws PreconditionFailedError when something else came in the way since
 */
export async function requireStillFree(
  deps: Pick<CalendarDeps, 'calendar' | 'accounts'>,
  owner: string,
  payload: CreateEventPayload,
): Promise<void> {
  if (payload.conflicts === null) return;
  const known = new Set(payload.conflicts.map(keyOf));
  const { conflicts } = await conflictsAt(deps, owner, payload);
  const fresh = conflicts.filter((event) => !known.has(keyOf(event)));
  if (fresh.length === 0) return;
  const names = fresh.map(({ title, start }) => `"${title}" (${showTime(start, payload.zone)})`);
  throw failure(
    'PreconditionFailedError',
    `The time is not free any more: ${names.join(', ')} came in the way since it was prepared.`,
  );
}

/** The title is for people; the same event at the same time is the same conflict. */
function keyOf({ eventId, start, end }: EventConflict): string {
  return [eventId, start, end].join('\u0000');
}
