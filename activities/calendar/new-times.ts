/** The times a change leads to, from words: "Thursday 14:00", "9:30" on the same day, "24 December". */
import type { StepContext } from '#contracts/activities.ts';
import { failure } from '../failures.ts';
import { timesOf } from './existing-event.ts';
import type { CalendarEvent } from './port.ts';
import { dateText, dayOf } from './recurrence.ts';
import { resolving } from './summaries.ts';
import { resolveInstant, resolveWindow } from './time-phrases.ts';
import { takeClock } from './time-phrases-clock.ts';
import { Unreadable } from './time-phrases-error.ts';
import { DAY_MS, instantAt, MINUTE_MS, toRfc3339, wallClock } from './zone-time.ts';

/** Times, and how many local days they lie after the ones before. */
export type NewTimes = {
  readonly start: string;
  readonly end: string;
  readonly dayShift: number;
  readonly notes: readonly string[];
};

/** What is said about the times of an event. */
export type TimesAsked = {
  readonly start?: string | null | undefined;
  readonly durationMinutes?: number | null | undefined;
};

/**
 * The new times of an event, in its own zone. A time of day alone keeps the day.
 * @throws InvalidInputError for words that are not understood
 */
export function newTimes(event: CalendarEvent, asked: TimesAsked, context: StepContext): NewTimes {
  const { zone } = event;
  const now = timesOf(event, zone);
  if (event.allDay !== null) return newDays(event.allDay, asked, context);
  const day = wallClock(zone, event.startMs).day;
  const start =
    asked.start == null
      ? { ms: event.startMs, notes: [] }
      : (sameDay(asked.start, event, context) ?? resolving(resolveInstant, asked.start, context));
  const lengthMs =
    asked.durationMinutes == null
      ? Date.parse(now.end) - Date.parse(now.start)
      : asked.durationMinutes * MINUTE_MS;
  return {
    start: toRfc3339(start.ms, zone),
    end: toRfc3339(start.ms + lengthMs, zone),
    dayShift: wallClock(zone, start.ms).day - day,
    notes: start.notes,
  };
}

/** Another event of the same series moved the same way: as many days, to the same time of day. */
export function movedLike(event: CalendarEvent, times: NewTimes): NewTimes {
  const { zone } = event;
  const lengthMs = Date.parse(times.end) - Date.parse(times.start);
  if (event.allDay !== null) {
    const start = dateText(dayOf(event.allDay.from) + times.dayShift);
    const days = Math.round(lengthMs / DAY_MS);
    return { ...times, start, end: dateText(dayOf(start) + days) };
  }
  const day = wallClock(zone, event.startMs).day + times.dayShift;
  const { minute } = wallClock(zone, Date.parse(times.start));
  const { ms } = instantAt(zone, day, minute);
  return { ...times, start: toRfc3339(ms, zone), end: toRfc3339(ms + lengthMs, zone) };
}

/** A start that was left out of a series, where the occurrence is after the series has moved. */
export function movedStart(time: string, times: NewTimes, zone: string): string {
  if (!time.includes('T')) return dateText(dayOf(time) + times.dayShift);
  const day = wallClock(zone, Date.parse(time)).day + times.dayShift;
  const { minute } = wallClock(zone, Date.parse(times.start));
  return new Date(instantAt(zone, day, minute).ms).toISOString();
}

/** Whole days from words. @throws InvalidInputError when they name a part of a day */
export function wholeDays(
  phrase: string,
  context: StepContext,
): { start: string; end: string; notes: readonly string[] } {
  const { fromMs, toMs, zone, notes } = resolving(resolveWindow, phrase, context);
  const from = wallClock(zone, fromMs);
  const to = wallClock(zone, toMs);
  // A day may begin later than at midnight where clocks change at it.
  const isWhole =
    instantAt(zone, from.day, 0).ms === fromMs && instantAt(zone, to.day, 0).ms === toMs;
  if (!isWhole) throw failure('InvalidInputError', `"${phrase}" does not name whole days.`);
  return { start: dateText(from.day), end: dateText(to.day), notes };
}

function newDays(
  { from, to }: { from: string; to: string },
  asked: TimesAsked,
  context: StepContext,
): NewTimes {
  if (asked.durationMinutes != null) {
    throw failure('InvalidInputError', 'An all-day event has no length in minutes.');
  }
  if (asked.start == null) return { start: from, end: to, dayShift: 0, notes: [] };
  const { start, notes } = wholeDays(asked.start, context);
  const dayShift = dayOf(start) - dayOf(from);
  return { start, end: dateText(dayOf(to) + dayShift), dayShift, notes };
}

function sameDay(
  phrase: string,
  event: CalendarEvent,
  { zone }: StepContext,
): { ms: number; notes: readonly string[] } | undefined {
  const clock = clockOf(phrase.trim().toLowerCase());
  if (clock === undefined || clock.rest !== '') return undefined;
  const { day } = wallClock(zone, event.startMs);
  return { ms: instantAt(zone, day, clock.minute).ms, notes: clock.notes };
}

/** What cannot be read as a time of day is read, or refused, as a moment. */
function clockOf(text: string): ReturnType<typeof takeClock> {
  try {
    return takeClock(text);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}
