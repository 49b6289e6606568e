/** Events of several calendars of one person, each meeting once. It reads and changes nothing. */
import type { CalendarEvent } from './port.ts';

/** An event and the account whose calendar has it. */
export type HeldEvent = { readonly event: CalendarEvent; readonly account: string };
/** The same with the person's other accounts that have it too. */
export type MergedEvent = HeldEvent & { readonly alsoIn: readonly string[] };

/**
 * Names each meeting once, by start. Of several entries for it, the one stands that the person organises,
 * else one they have not declined, else the first.
 */
export function mergeHeld(held: readonly HeldEvent[]): MergedEvent[] {
  const meetings = new Map<string, HeldEvent[]>();
  for (const entry of held) {
    const key = copyKey(entry.event) ?? `${entry.account} ${entry.event.id}`;
    meetings.set(key, [...(meetings.get(key) ?? []), entry]);
  }
  return [...meetings.values()].map(toMerged).toSorted((a, b) => a.event.startMs - b.event.startMs);
}

/** The same for every entry of one meeting, or of one occurrence; null when it cannot be told. */
export function copyKey({ uid, startMs, endMs }: CalendarEvent): string | null {
  return uid === null ? null : [uid, startMs, endMs].join(' ');
}

function toMerged(entries: readonly HeldEvent[]): MergedEvent {
  const [best] = entries.toSorted((a, b) => rank(a) - rank(b)) as [HeldEvent];
  const others = entries.map(({ account }) => account).filter((one) => one !== best.account);
  return { ...best, alsoIn: [...new Set(others)] };
}

function rank({ event }: HeldEvent): number {
  if (event.organizer?.self === true) return 0;
  return event.response === 'declined' ? 2 : 1;
}
