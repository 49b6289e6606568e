/** Turns the wishes of a findTime input into the solver's. */
import { limits } from '#contracts/limits.ts';
import { type TimeWishes, weekdayNames } from '#contracts/schemas/calendar.ts';
import type { Wish } from './availability.ts';
import type { WishedTime } from './availability-wishes.ts';

const everyDay = weekdayNames.map((_, index) => index + 1);

/** What must be and what is preferred, as wishes. Of a kind that is in both, the firm one counts. */
export function wishesOf(
  must: TimeWishes | null | undefined,
  prefer: TimeWishes | null | undefined,
): Wish[] {
  const firm = timesOf(must).map((wish): Wish => ({ ...wish, hard: true }));
  const soft = timesOf(prefer).map((wish): Wish => ({ ...wish, hard: false }));
  return [...firm, ...soft.filter(({ kind }) => !firm.some((wish) => wish.kind === kind))];
}

function timesOf(wishes: TimeWishes | null | undefined): WishedTime[] {
  const { partOfDay, weekdays, notWeekdays, notBefore, notAfter } = wishes ?? {};
  const found: WishedTime[] = [];
  if (partOfDay) found.push({ kind: 'part_of_day', part: partOfDay });
  if (notBefore || notAfter) {
    found.push({ kind: 'hours', from: notBefore ?? '00:00', to: notAfter ?? '24:00' });
  }
  if (weekdays || notWeekdays) {
    const wanted = weekdays?.map(dayOf) ?? everyDay;
    const not = notWeekdays?.map(dayOf) ?? [];
    found.push({ kind: 'weekdays', days: wanted.filter((day) => !not.includes(day)) });
  }
  if (wishes?.keepLunchFree) found.push({ kind: 'lunch' });
  if (wishes?.avoidBackToBack) found.push({ kind: 'gap', minutes: limits.bufferMinutes });
  return found;
}

function dayOf(name: (typeof weekdayNames)[number]): number {
  return weekdayNames.indexOf(name) + 1;
}
