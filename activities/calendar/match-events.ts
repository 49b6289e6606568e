/** Decides which events a person means by words, a time of day and people. Pure. */
import type { CalendarEvent } from './port.ts';
import { wallClock } from './zone-time.ts';

/** What is known of the event that is meant. */
export type EventWanted = {
  readonly words: string;
  readonly people: readonly string[];
  readonly zone: string;
};

const fillers = new Set(
  'a an the my our your with and of for at on in event meeting appointment call about to'.split(
    ' ',
  ),
);

/**
 * The events that fit: every word in the title, the place or a guest's name; the time of day; every
 * person among guests and organizer. When titles that say exactly the words exist, only those; when
 * all that fit are meetings of one series, the first of them: "the leadership sync" is the next one.
 */
export function matchEvents(
  events: readonly CalendarEvent[],
  { words, people, zone }: EventWanted,
): CalendarEvent[] {
  const { tokens, minutes } = readWords(words);
  const fitting = events.filter((event) => {
    if (event.cancelled) return false;
    const addresses = [...event.guests.map(({ email }) => email), event.organizer?.email ?? ''];
    if (!people.every((email) => addresses.includes(email.toLowerCase()))) return false;
    if (minutes !== undefined && !startsAt(event, minutes, zone)) return false;
    const text = searchable(event);
    // Who says "standup" may mean "Stand-up".
    const joined = text.replaceAll(' ', '');
    return tokens.every((token) => text.includes(token) || joined.includes(token));
  });
  const exact = fitting.filter(({ title }) => fold(title).join(' ') === fold(words).join(' '));
  const meant = exact.length > 0 ? exact : fitting;
  const series = meant[0]?.recurringEventId ?? null;
  if (series === null || meant.some((event) => event.recurringEventId !== series)) return meant;
  return meant.toSorted((a, b) => a.startMs - b.startMs).slice(0, 1);
}

function startsAt(event: CalendarEvent, minutes: readonly number[], zone: string): boolean {
  return event.allDay === null && minutes.includes(wallClock(zone, event.startMs).minute);
}

/** Takes times of day out of the words: "14:00", "2pm", "2:30 pm". Bare numbers stay words. */
function readWords(words: string): { tokens: string[]; minutes: readonly number[] | undefined } {
  let minutes: number[] | undefined;
  const rest = words.replace(
    /\b(?:at )?(\d{1,2})(?::(\d{2}))? ?(am|pm)\b|\b(?:at )?([01]?\d|2[0-3]):([0-5]\d)\b/gi,
    (_, hour12?: string, minute12?: string, half?: string, hour?: string, minute?: string) => {
      const late = half?.toLowerCase() === 'pm' ? 12 : 0;
      const ofHalf = (Number(hour12) % 12) + late;
      minutes =
        half === undefined
          ? [Number(hour) * 60 + Number(minute)]
          : [ofHalf * 60 + Number(minute12 ?? 0)];
      return ' ';
    },
  );
  const all = fold(rest);
  const telling = all.filter((token) => !fillers.has(token));
  // "the meeting at 14:00" is told by its time alone; "the meeting" by nothing but its words.
  return { tokens: telling.length > 0 || minutes !== undefined ? telling : all, minutes };
}

function searchable(event: CalendarEvent): string {
  const people = event.guests.flatMap(({ email, name }) => [email, name ?? '']);
  return fold(
    [event.title, event.location ?? '', event.organizer?.email, ...people].join(' '),
  ).join(' ');
}

/** Lower-case words without accents and punctuation. */
export function fold(text: string): string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}
