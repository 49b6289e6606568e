/**
 * How evenly a time falls on people in different zones. For each person required whose hours are
 * known, discomfort is how far the middle of the meeting is from the middle of their working hours
 * on their own clock, in hours, the shorter way round the day; every meeting that was at a bad hour
 * for them before adds one. What a time costs is the spread of it: the most minus the least. So with
 * nobody's turn to spare, the hour in the middle wins, and who had the bad hour last time is spared.
 */
import type { Prepared, PreparedPerson } from './availability-constraints.ts';
import { DAY_MS, minutesOf, MINUTE_MS, offsetAt } from './zone-time.ts';

const HOUR_MS = 60 * MINUTE_MS;

/** People on the same clock with the same hours and turns have the same discomfort. */
type Group = { readonly zone: string; readonly middleMs: number; readonly turns: number };

/** Gives the spread of discomfort of a start, in hours. Zero when there are fewer than two groups. */
export function spreadOf(prepared: Prepared): (startMs: number) => number {
  const groups = groupsOf(prepared.people);
  if (groups.length < 2) return () => 0;
  return (startMs) => {
    const middle = startMs + prepared.lengthMs / 2;
    let most = -Infinity;
    let least = Infinity;
    for (const group of groups) {
      const hours = discomfort(group, middle);
      most = Math.max(most, hours);
      least = Math.min(least, hours);
    }
    return most - least;
  };
}

function groupsOf(people: readonly PreparedPerson[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { participant } of people) {
    const { required, workingHours, zone, inconvenienced = 0 } = participant;
    if (!required || workingHours === 'unknown') continue;
    const start = minutesOf(workingHours.start);
    let end = minutesOf(workingHours.end);
    if (end < start) end += DAY_MS / MINUTE_MS;
    const middleMs = ((start + end) / 2) * MINUTE_MS;
    groups.set(`${zone} ${middleMs} ${inconvenienced}`, { zone, middleMs, turns: inconvenienced });
  }
  return [...groups.values()];
}

function discomfort({ zone, middleMs, turns }: Group, ms: number): number {
  const local = (((ms + offsetAt(zone, ms)) % DAY_MS) + DAY_MS) % DAY_MS;
  const apart = Math.abs(local - (middleMs % DAY_MS));
  return Math.min(apart, DAY_MS - apart) / HOUR_MS + turns;
}
