/**
 * Reads times of day out of a phrase: "3pm", "14:30", "at 9", "2-4pm". It returns minutes since
 * midnight and what is left of the phrase; it knows no dates and no zones.
 */
import { Unreadable } from './time-phrases-error.ts';
import { PARTS_OF_DAY, type PartOfDay } from './zone-time.ts';

/** A time of day that was found. */
export type ClockReading = {
  readonly minute: number;
  /** The phrase without the time. */
  readonly rest: string;
  readonly notes: readonly string[];
};

/** A range of times on one day that was found. */
export type ClockRange = {
  readonly startMinute: number;
  readonly endMinute: number;
  readonly rest: string;
  readonly notes: readonly string[];
};

const MERIDIEM = '(am|pm|a\\.m\\.?|p\\.m\\.?)';
const PART = '(morning|midday|lunchtime|lunch time|lunch|afternoon|evening|tonight)';
const partPattern = new RegExp(`(?:\\b(?:in|during|at) (?:the )?)?\\b${PART}\\b(?: of\\b)?`);
const forms: readonly RegExp[] = [
  new RegExp(`(?:\\bat )?(?<![\\d:.-])(\\d{1,2})(?:[:.](\\d{2}))? ?${MERIDIEM}(?![a-z])`),
  /(?:\bat )?(?<![\d:.-])(\d{1,2}):(\d{2})(?: ?(?:h|hrs|hours|o'clock))?(?![\d:])/,
  /\bat (\d{1,2})(?: ?(?:h|hrs|o'clock))?(?![\d:./-])/,
  /(?<![\d:.-])(\d{1,2}) ?(?:h|hrs|o'clock)(?![a-z])/,
];

/** Takes the part of the day out of a phrase, if it names one. */
export function takePart(text: string): { part: PartOfDay; rest: string } | undefined {
  const match = partPattern.exec(text);
  const word = match?.[1];
  if (match === null || word === undefined) return undefined;
  // "tonight" also says which day; the others leave the day to the rest of the phrase.
  const rest = without(text, match, word === 'tonight' ? 'today' : '');
  if (word === 'tonight') return { part: 'evening', rest };
  if (word.startsWith('lunch')) return { part: 'midday', rest };
  return { part: word as PartOfDay, rest };
}

/** Takes one time of day out of a phrase. `part` settles whether a bare 3 is 03:00 or 15:00. */
export function takeClock(text: string, part?: PartOfDay): ClockReading | undefined {
  if (/\bmidnight\b/.test(text)) {
    throw new Unreadable('ambiguous', 'midnight may be the start or the end of that day.');
  }
  const noon = /(?:\bat )?\b(?:12 )?noon\b/.exec(text);
  if (noon !== null) return { minute: 720, rest: without(text, noon, ''), notes: [] };
  const past = /(?:\bat )?\b(half past|quarter past|quarter to) (\d{1,2})\b ?(am|pm)?/.exec(text);
  if (past !== null) {
    const shift = past[1] === 'half past' ? 30 : past[1] === 'quarter past' ? 15 : -15;
    const hour = readHour(past[2] ?? '', undefined, past[3], part);
    return { minute: hour.minute + shift, rest: without(text, past, ''), notes: hour.notes };
  }
  for (const [index, form] of forms.entries()) {
    const match = form.exec(text);
    if (match === null) continue;
    const minutes = index < 2 ? match[2] : undefined;
    const meridiem = index === 0 ? match[3] : undefined;
    const { minute, notes } = readHour(match[1] ?? '', minutes, meridiem, part);
    return { minute, rest: without(text, match, ''), notes };
  }
  return undefined;
}

const CLOCK = `(\\d{1,2})(?:[:.](\\d{2}))? ?${MERIDIEM}?|noon`;
const rangePattern = new RegExp(
  `(?:\\b(?:between|from) )?(?<![\\d:.-])(?:${CLOCK}) ?(?:-|–|to|and|until|till) ?(?:${CLOCK})` +
    '(?![\\d:.a-z-])',
);

/**
 * Takes a range such as "14:00-16:00" or "from 2 to 4pm" out of a phrase. Numbers alone count as
 * hours only when the caller knows that they cannot be days (`bareHours`).
 */
export function takeClockRange(text: string, bareHours = false): ClockRange | undefined {
  const match = rangePattern.exec(text);
  if (match === null) return undefined;
  const [, hour1, minutes1, meridiem1, hour2, minutes2, meridiem2] = match;
  // Without a colon or am/pm the numbers may as well be days: "between 24 and 28 November".
  const isClock = bareHours || /:|am|pm|a\.m|p\.m|noon/.test(match[0]);
  if (!isClock) return undefined;
  const end =
    hour2 === undefined ? { minute: 720, notes: [] } : readHour(hour2, minutes2, meridiem2);
  let start: { minute: number; notes: readonly string[] };
  if (hour1 === undefined) start = { minute: 720, notes: [] };
  else if (meridiem1 === undefined && meridiem2 !== undefined) {
    // "2 to 4pm" starts in the afternoon, "11 to 1pm" does not.
    start = readHour(hour1, minutes1, meridiem2);
    if (start.minute >= end.minute) start = readHour(hour1, minutes1, 'am');
  } else start = readHour(hour1, minutes1, meridiem1);
  if (start.minute >= end.minute) {
    throw new Unreadable('contradiction', 'the time range ends before it starts.');
  }
  return {
    startMinute: start.minute,
    endMinute: end.minute,
    rest: without(text, match, ''),
    notes: [...start.notes, ...end.notes],
  };
}

function readHour(
  written: string,
  minutes: string | undefined,
  meridiem: string | undefined,
  part?: PartOfDay,
): { minute: number; notes: readonly string[] } {
  const hour = Number(written);
  const past = Number(minutes ?? '0');
  if (hour > 23 || past > 59) throw new Unreadable('not_understood', 'no clock shows that time.');
  if (meridiem !== undefined) {
    if (hour < 1 || hour > 12) {
      throw new Unreadable('contradiction', `${hour} does not go with am or pm.`);
    }
    return { minute: ((hour % 12) + (meridiem.startsWith('p') ? 12 : 0)) * 60 + past, notes: [] };
  }
  if (part !== undefined) return { minute: hourInPart(hour, part) * 60 + past, notes: [] };
  // People who say "at 3" mean the afternoon; "03:00" is meant as written.
  if (hour >= 1 && hour <= 6 && !written.startsWith('0')) {
    const shown = `${hour + 12}:${String(past).padStart(2, '0')}`;
    const asWritten = minutes === undefined ? written : `${written}:${minutes}`;
    return { minute: (hour + 12) * 60 + past, notes: [`${asWritten} is read as ${shown}`] };
  }
  return { minute: hour * 60 + past, notes: [] };
}

function hourInPart(hour: number, part: PartOfDay): number {
  const late = hour >= 1 && hour < 12 && part !== 'morning' && !(part === 'midday' && hour > 9);
  const read = late ? hour + 12 : hour;
  const { start, end } = PARTS_OF_DAY[part];
  const reasonable = read >= Number(start.slice(0, 2)) - 2 && read <= Number(end.slice(0, 2)) + 2;
  if (!reasonable) throw new Unreadable('contradiction', `${hour} is not in the ${part}.`);
  return read;
}

function without(text: string, match: RegExpExecArray, replacement: string): string {
  const cut = `${text.slice(0, match.index)} ${replacement} `;
  return `${cut}${text.slice(match.index + match[0].length)}`.replace(/\s+/g, ' ').trim();
}
