/**
 * Finds words about time in a goal: days, times of day, stretches, durations. It hands them on as
 * written, because the product's own code turns them into instants; it never calculates a date.
 */

/** What a text says about time, and the text without it. */
export type TimeWords = {
  /** A day as said: "next Tuesday". */
  readonly day: string | undefined;
  readonly part: 'morning' | 'midday' | 'afternoon' | 'evening' | undefined;
  /** A time of day as said: "2 pm". */
  readonly clock: string | undefined;
  /** A stretch as said: "next week", "before Thursday". */
  readonly stretch: string | undefined;
  /** Minutes between the ends of a range like "14:00-16:00". */
  readonly rangeMinutes: number | undefined;
  /** The range as `15:00-18:00`. */
  readonly range: string | undefined;
  readonly rest: string;
};

const weekday =
  '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thurs?|thu|fri)';
const month =
  '(?:january|february|march|april|may|june|july|august|september|october|november|december|' +
  'jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)';
const number = '(?:\\d{1,3}|a|an|one|two|three|four|five|six|seven|eight|nine|ten|a couple of)';
const day =
  `(?:(?:the )?day after tomorrow|today|tonight|tomorrow|yesterday|next week(?: on)? ${weekday}|` +
  `(?:(?:this|next|coming|last) )?${weekday}(?:,? (?:of )?(?:next|this) week)?|` +
  `\\d{4}-\\d{2}-\\d{2}|\\d{1,2}(?:st|nd|rd|th)? (?:of )?${month}(?: \\d{4})?|` +
  `${month} \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?|the \\d{1,2}(?:st|nd|rd|th)|` +
  `in ${number} days)`;
const time = '\\d{1,2}(?:[:.]\\d{2})? ?(?:am|pm|a\\.m\\.?|p\\.m\\.?)|\\d{1,2}:\\d{2}|noon';
const wide =
  `(?:(?:early |late |later |some ?time |any ?time )?(?:this|next|last|coming) (?:week|month|weekend)|` +
  `(?:the )?week after next|(?:the )?rest of (?:the |this )?(?:week|month|day)|` +
  `(?:the )?(?:next|coming|last|past) ${number} (?:days?|weeks?|months?|hours?)|` +
  `(?:the )?end of (?:the |this |next )?(?:day|week|month))`;

const patterns = {
  days: new RegExp(
    `\\bbetween (${day}) and (${day})\\b|\\b(${day}) (?:to|until|through|-) (${day})\\b`,
    'i',
  ),
  instant: new RegExp(`\\bin (?:${number}|half an) (?:minutes?|hours?)\\b`, 'i'),
  bound: new RegExp(
    `\\b(?:before|by|until|within|in|over) (?:${wide}|${number} (?:days?|weeks?))\\b`,
    'i',
  ),
  deadline: new RegExp(`\\b(?:before|by|until) ${day}\\b`, 'i'),
  wide: new RegExp(`\\b${wide}\\b`, 'i'),
  range: new RegExp(
    `\\b(?:from |between )?(${time}|\\d{1,2}) ?(?:-|–|to|and|until|till) ?(${time}|\\d{1,2}(?= ?(?:$|[,.])))(?!\\w)`,
    'i',
  ),
  clock: new RegExp(
    `\\b(?:(?:at|around) )?(?:${time})(?!\\w)|\\bat \\d{1,2}\\b(?! ?(?:min|hour|people|days))`,
    'i',
  ),
  part: /\b(?:in the |this |during the )?(?:early |late )?(morning|midday|lunch ?time|afternoon|evening)s?\b(?: only)?/i,
  day: new RegExp(`\\b(?:on |for )?(${day})\\b`, 'i'),
} as const;

/** Reads the words about time in a text. */
export function readTime(text: string): TimeWords {
  let rest = text;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    rest = `${rest.slice(0, match.index)} ${rest.slice(match.index + match[0].length)}`;
    return match;
  };
  const days = take(patterns.days);
  const instant = take(patterns.instant);
  const range = takeRange(take, rest);
  const clock = range?.start ?? instant?.[0] ?? take(patterns.clock)?.[0];
  const onDay = days ?? take(patterns.deadline);
  const named = onDay === undefined ? take(patterns.day)?.[1] : undefined;
  const stretch =
    onDay?.[0] ??
    (named === undefined ? (take(patterns.bound) ?? take(patterns.wide))?.[0] : undefined);
  const part = take(patterns.part);
  const saysThis = /^this /i.test(part?.[0] ?? '');
  return {
    day: named ?? (saysThis && stretch === undefined ? 'today' : undefined),
    part: partOf(part?.[1]),
    clock: clock?.replace(/^around /i, 'at '),
    stretch: stretch === undefined ? undefined : plainStretch(stretch),
    rangeMinutes: range?.minutes,
    range: range?.text,
    rest: rest.replaceAll(/\s+/g, ' ').trim(),
  };
}

/** The window a findTime or findEvent gets; undefined when the text names none. */
export function windowOf(time: TimeWords): string | undefined {
  if (time.day !== undefined)
    return time.part === undefined ? time.day : `${time.day} ${time.part}`;
  return time.stretch;
}

/** The moment a text names; undefined without a time of day. */
export function momentOf(time: TimeWords): string | undefined {
  if (time.clock === undefined) return undefined;
  const bare = /^at \d{1,2}$/i.test(time.clock) && time.part !== undefined;
  return [time.day, bare ? time.part : undefined, time.clock].filter(Boolean).join(' ');
}

/** "2 pm" as `14:00`, the way findEvent takes a time of day; undefined when it is not plain. */
export function clockAs24(clock: string): string | undefined {
  if (/noon/i.test(clock)) return '12:00';
  const match = /(\d{1,2})(?:[:.](\d{2}))? ?([ap])?/i.exec(clock);
  const [, hour, minute = '00', half] = match ?? [];
  if (hour === undefined) return undefined;
  const shift = half?.toLowerCase() === 'p' || (half === undefined && Number(hour) < 7) ? 12 : 0;
  return `${String((half === undefined ? Number(hour) : Number(hour) % 12) + shift).padStart(2, '0')}:${minute}`;
}

const counts: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
};
const count = '(\\d{1,3}(?:[.,]\\d)?|an?|one|two|three|four|five|six)';
const durations: readonly (readonly [RegExp, (found: string) => number])[] = [
  [/\b(?:an|one|1) hour and a half\b/i, () => 90],
  [/\b(?:a )?half(?: an)?[- ]hour\b/i, () => 30],
  [/\b(?:three[- ]quarters of an hour)\b/i, () => 45],
  [/\b(?:a )?quarter of an hour\b/i, () => 15],
  [/\bhour[- ]long\b/i, () => 60],
  [new RegExp(`\\b${count} and a half hours\\b`, 'i'), (found) => (numberOf(found) + 0.5) * 60],
  [new RegExp(`\\b${count}[- ]?(?:hours?|hrs?|h)\\b`, 'i'), (found) => numberOf(found) * 60],
  [new RegExp(`\\b${count}[- ]?(?:minutes?|mins?|m)\\b`, 'i'), (found) => numberOf(found)],
];

/** Takes a duration in minutes out of a text. */
export function readDuration(text: string): { minutes: number | undefined; rest: string } {
  for (const [pattern, minutes] of durations) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const rest = `${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`;
    const found = Math.round(minutes(match[1] ?? ''));
    return { minutes: Math.min(Math.max(found, 5), 1_440), rest: rest.replaceAll(/\s+/g, ' ') };
  }
  return { minutes: undefined, rest: text };
}

function numberOf(word: string): number {
  return counts[word.toLowerCase()] ?? Number(word.replace(',', '.'));
}

function takeRange(
  take: (pattern: RegExp) => RegExpExecArray | undefined,
  text: string,
): { start: string; minutes: number; text: string } | undefined {
  const found = patterns.range.exec(text);
  // Two bare numbers may be anything; a colon, am or pm makes them times.
  if (found === null || !/[:]|[ap]\.?m|noon|from|between/i.test(found[0])) return undefined;
  const [, first = '', last = ''] = found;
  const half = /[ap]\.?m/i.exec(last)?.[0];
  const written = /[ap]\.?m|:|noon/i.test(first) ? first : `${first} ${half ?? ''}`.trim();
  const minutes = minuteOf(last) - minuteOf(written);
  const start = minutes > 0 ? written : first;
  const length = minutes > 0 ? minutes : minuteOf(last) - minuteOf(`${first} am`);
  if (length <= 0) return undefined;
  take(patterns.range);
  const from = clockAs24(minutes > 0 ? start : `${first} am`) ?? first;
  const range = `${from}-${clockAs24(last) ?? last}`;
  return { start: /^\d{1,2}$/.test(start) ? `at ${start}` : start, minutes: length, text: range };
}

function minuteOf(clock: string): number {
  const [hour = '0', minute = '0'] = (clockAs24(clock) ?? '').split(':');
  return Number(hour) * 60 + Number(minute);
}

function partOf(word: string | undefined): TimeWords['part'] {
  const text = word?.toLowerCase();
  if (text === undefined) return undefined;
  return text.startsWith('lunch') ? 'midday' : (text as TimeWords['part']);
}

/** Leaves out words that the product's own reader of times does not need. */
function plainStretch(text: string): string {
  return text
    .replace(/^(?:early|late|later|some ?time|any ?time) /i, '')
    .replace(/^(?:over|in) /i, '');
}
