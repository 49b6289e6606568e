/**
 * What a change of an event means for the series it belongs to: which event is written, and how a
 * series is cut in two. Reads only.
 */
import type { StepContext } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { Scope } from '#contracts/schemas/repeat.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import type { CalendarAccess } from './dependencies.ts';
import { requireOwnEvent, timesOf } from './existing-event.ts';
import type { CalendarEvent, CalendarPort, Recurrence } from './port.ts';
import { countStarts, dateText, msOf, splitRecurrence, startsOf } from './recurrence.ts';
import { wallClock } from './zone-time.ts';

/** The event a change is about, and what of its series. */
export type Target = {
  /** The account whose calendar has it, and that calendar. */
  readonly account: string;
  readonly calendar: CalendarPort;
  readonly scope: Scope;
  /** What was named: a single event, an occurrence or a series. */
  readonly event: CalendarEvent;
  /** What is written: `event`, or its series. */
  readonly written: CalendarEvent;
};

/**
 * Finds what a change is about. A wider scope than an event has is the event itself.
 * @throws NotFoundError, PermissionDeniedError, InvalidInputError for a scope that does not fit
 */
export async function targetOf(
  deps: CalendarAccess,
  context: StepContext,
  asked: {
    readonly eventId: string;
    readonly account?: string | null | undefined;
    readonly scope?: Scope | null | undefined;
  },
  verb: 'move' | 'cancel' | 'change',
): Promise<Target> {
  const { event, account } = await requireOwnEvent(deps, context, asked, verb);
  const calendar = await deps.calendar(context.owner, account);
  const scope = asked.scope ?? 'this';
  const where = { account, calendar, event };
  if (event.isSeries) {
    if (scope === 'all') return { ...where, scope, written: event };
    throw failure(
      'InvalidInputError',
      `This id is the whole series "${cleanLine(event.title, 80)}". Say scope "all", or find one occurrence with findEvent and use its id.`,
    );
  }
  if (scope === 'this' || event.recurringEventId === null) {
    return { ...where, scope: 'this', written: event };
  }
  const series = { eventId: event.recurringEventId, account };
  const { event: written } = await requireOwnEvent(deps, context, series, verb);
  if (scope === 'following' && isFirst(event, written)) return { ...where, scope: 'all', written };
  return { ...where, scope, written };
}

/** The rule of a series. @throws InvalidInputError for one that is left alone */
export function ruleOf(series: CalendarEvent): Recurrence {
  if (series.recurrence !== null && series.recurrence !== 'inexpressible') return series.recurrence;
  throw failure(
    'InvalidInputError',
    `"${cleanLine(series.title, 80)}" repeats in a way that cannot be changed here: by several rules, or on days added by hand. Change one occurrence, or the series in the calendar itself.`,
  );
}

/** How many occurrences a change reaches; null without an end. */
export function instancesOf({ scope, written }: Target): number | null {
  const { recurrence } = written;
  if (scope === 'this' || recurrence === null) return 1;
  if (recurrence === 'inexpressible') return null;
  return countStarts(recurrence, seriesStart(written));
}

/** How a series is cut before an occurrence. */
export type Cut = {
  readonly previous: Recurrence;
  readonly kept: Recurrence;
  readonly rest: Recurrence;
  /** When the second half starts by the rule: RFC 3339 in UTC, or a date. */
  readonly start: string;
  /** Later occurrences that differ from the series by themselves. */
  readonly lost: number;
};

/**
 * Cuts a series. Occurrences that were taken out one by one stay out of the second half; those that
 * were changed one by one are counted, because they follow the series again.
 */
export async function cutSeries({ calendar, event, written }: Target, zone: string): Promise<Cut> {
  const previous = ruleOf(written);
  const series = seriesStart(written);
  const cutMs = event.originalStartMs ?? event.startMs;
  const start =
    event.allDay === null ? new Date(cutMs).toISOString() : dateText(wallClock(zone, cutMs).day);
  const { kept, rest } = splitRecurrence(previous, series, start);
  const { out, lost } = await exceptionsOf(calendar, written, rest, start);
  return {
    previous: { ...previous, excluded: [...previous.excluded, ...out] },
    kept,
    rest: { ...rest, excluded: [...rest.excluded, ...out] },
    start,
    lost,
  };
}

/**
 * The occurrences of a series from a start on that do not follow it: those that were taken out one by
 * one, and how many were changed one by one. It looks a year ahead.
 */
export async function exceptionsOf(
  calendar: CalendarPort,
  series: CalendarEvent,
  recurrence: Recurrence,
  start: string,
): Promise<{ out: string[]; lost: number }> {
  const { id: seriesId, zone, allDay } = series;
  const fromMs = msOf(start, zone);
  const toMs = fromMs + limits.seriesLookAheadMs;
  const query = { seriesId, fromMs, toMs, zone, limit: limits.eventListMax };
  const { events, truncated } = await calendar.occurrences(query);
  const there = new Map(events.map((one) => [one.originalStartMs ?? one.startMs, one]));
  const seenMs = truncated ? Math.max(...there.keys()) : toMs;
  const out: string[] = [];
  for (const { ms, day } of startsOf(recurrence, { zone, start })) {
    if (ms >= seenMs) break;
    if (!there.has(ms)) out.push(allDay === null ? new Date(ms).toISOString() : dateText(day));
  }
  const lost = [...there.values()].filter((one) => differs(one, series)).length;
  return { out, lost };
}

/** Where the rule of a series starts to run. */
export function seriesStart(series: CalendarEvent): { start: string; zone: string } {
  return { start: timesOf(series, series.zone).start, zone: series.zone };
}

function isFirst(event: CalendarEvent, series: CalendarEvent): boolean {
  return (event.originalStartMs ?? event.startMs) <= series.startMs;
}

function differs(one: CalendarEvent, series: CalendarEvent): boolean {
  return (
    one.originalStartMs !== one.startMs ||
    one.endMs - one.startMs !== series.endMs - series.startMs ||
    one.title !== series.title ||
    one.location !== series.location
  );
}
