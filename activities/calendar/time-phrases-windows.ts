/**
 * Reads a stretch of time out of a phrase: days, parts of days, ranges and bounds, and what
 * time-phrases-stretches.ts knows. It returns instants in the given zone and never an open end.
 */
import { takeClock, takeClockRange, takePart } from './time-phrases-clock.ts';
import { readDay, type DayReading } from './time-phrases-days.ts';
import { Unreadable } from './time-phrases-error.ts';
import { atWallClock, readInstant, type Moment } from './time-phrases-instants.ts';
import { readCalendarStretch, wholeDays, type WindowReading } from './time-phrases-stretches.ts';
import { minutesOf, PARTS_OF_DAY, startOfDay, wallClock } from './zone-time.ts';

type Reader = (text: string, moment: Moment, today: number) => WindowReading | undefined;

// The order matters only where one form contains another: ranges before days, days last.
const readers: readonly Reader[] = [
  readIsoRange,
  readCalendarStretch,
  readBound,
  readBoundOnDay,
  readClockRange,
  readDayRange,
  readDayOrPart,
];

/** Reads normalised text; `undefined` when no form fits. */
export function readWindow(text: string, moment: Moment): WindowReading | undefined {
  const today = wallClock(moment.zone, moment.nowMs).day;
  const plain = text
    .replace(/^(?:any ?time|some ?time) /, '')
    .replace(/^all day (?:on )?| all day$/, '')
    .trim();
  for (const reader of readers) {
    const reading = reader(plain, moment, today);
    if (reading !== undefined) return reading;
  }
  return undefined;
}

/** `2026-11-24/2026-11-28` includes the 28th; date-times are taken as they are. */
function readIsoRange(text: string, moment: Moment): WindowReading | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2}\S*) ?\/ ?(\d{4}-\d{2}-\d{2}\S*)$/.exec(text);
  const [, first, last] = parts ?? [];
  if (first === undefined || last === undefined) return undefined;
  const from = edge(first, moment, 'start');
  const to = edge(last, moment, 'end');
  return { fromMs: from.ms, toMs: to.ms, notes: [...from.notes, ...to.notes] };
}

function edge(
  text: string,
  moment: Moment,
  which: 'start' | 'end',
): { ms: number; notes: readonly string[] } {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? readDay(text, 0) : undefined;
  if (day !== undefined) {
    return { ms: startOfDay(moment.zone, day.day + (which === 'end' ? 1 : 0)), notes: [] };
  }
  const instant = readInstant(text, moment);
  if (instant === undefined) throw new Unreadable('not_understood', `${text} is not a time.`);
  return instant;
}

/** "before Thursday" ends as Thursday starts; "by" and "until Thursday" include it. */
function readBound(text: string, moment: Moment, today: number): WindowReading | undefined {
  const match = /^(before|by|until|till|through|after) (.+)$/.exec(text);
  const [, word, bound] = match ?? [];
  if (word === undefined || bound === undefined) return undefined;
  const { nowMs, zone } = moment;
  const end = /^(?:the )?end of (?:the |this )?(.+)$/.exec(bound)?.[1];
  if (end !== undefined && word !== 'after') return readUntilEndOf(end, moment, today);
  const day = readDay(bound, today);
  if (word === 'after') {
    const instant = day === undefined ? readInstant(bound, moment) : undefined;
    if (instant === undefined) {
      throw new Unreadable('ambiguous', 'it has no end; say between which days.');
    }
    const nextDay = wallClock(zone, instant.ms).day + 1;
    return { fromMs: instant.ms, toMs: startOfDay(zone, nextDay), notes: instant.notes };
  }
  if (day !== undefined) {
    // A deadline on the weekday that it is today means the next one, unless today is included.
    const moved = word === 'before' && day.bareWeekday === true && day.day === today ? 7 : 0;
    const endDay = day.day + moved + (word === 'before' ? 0 : 1);
    return { fromMs: nowMs, toMs: startOfDay(zone, endDay), notes: day.notes };
  }
  const wide = readCalendarStretch(bound, moment, today);
  if (wide !== undefined) {
    return { ...wide, fromMs: nowMs, toMs: word === 'before' ? wide.fromMs : wide.toMs };
  }
  const instant = readInstant(bound, moment);
  if (instant === undefined) return undefined;
  return { fromMs: nowMs, toMs: instant.ms, notes: instant.notes };
}

/** "by the end of the week": that day, week or month, from now. */
function readUntilEndOf(text: string, moment: Moment, today: number): WindowReading | undefined {
  const unit = /^(?:day|week|month)$/.test(text);
  const phrase = unit ? `rest of ${text}` : text;
  const day = unit ? undefined : readDay(text, today);
  const wide = day === undefined ? readCalendarStretch(phrase, moment, today) : undefined;
  if (wide !== undefined) return { ...wide, fromMs: moment.nowMs };
  if (day === undefined) return undefined;
  return {
    fromMs: moment.nowMs,
    toMs: startOfDay(moment.zone, day.day + 1),
    notes: day.notes,
  };
}

/** "tomorrow after 3pm", "Thursday before noon": the part of that day on one side of a time. */
function readBoundOnDay(text: string, { zone }: Moment, today: number): WindowReading | undefined {
  const match = /^(.+?) (before|by|until|after|from) (.+)$/.exec(text);
  const [, dayText, word, clockText] = match ?? [];
  if (dayText === undefined || word === undefined || clockText === undefined) return undefined;
  const day = readDay(dayText, today);
  const clock = day === undefined ? undefined : takeClock(`at ${clockText}`);
  if (day === undefined || clock === undefined || clock.rest !== '') return undefined;
  const late = word === 'after' || word === 'from';
  const bounds = late ? [clock.minute, 1_440] : [0, clock.minute];
  return onDay(zone, day, bounds[0] ?? 0, bounds[1] ?? 0, clock.notes);
}

/** "tomorrow 14:00-16:00", "between 2pm and 4pm on Thursday". */
function readClockRange(text: string, { zone }: Moment, today: number): WindowReading | undefined {
  const range = takeClockRange(text) ?? bareHoursAfterDay(text, today);
  if (range === undefined) return undefined;
  const dayText = range.rest.replace(/\b(?:from|on|between)$/, '').trim();
  const reading = dayText === '' ? { day: today, notes: [] } : readDay(dayText, today);
  if (reading === undefined) return undefined;
  return onDay(zone, reading, range.startMinute, range.endMinute, range.notes);
}

/** "Monday 9-10": hours, because the words before them are already a whole day. */
function bareHoursAfterDay(text: string, today: number): ReturnType<typeof takeClockRange> {
  const match = /^(.+?) (?:from |between )?(\d{1,2} ?(?:-|–|to|and|until|till) ?\d{1,2})$/.exec(
    text,
  );
  const [, dayText, hours] = match ?? [];
  if (dayText === undefined || hours === undefined) return undefined;
  if (readDay(dayText, today) === undefined) return undefined;
  const range = takeClockRange(hours, true);
  return range === undefined ? undefined : { ...range, rest: dayText };
}

function onDay(
  zone: string,
  reading: DayReading,
  startMinute: number,
  endMinute: number,
  notes: readonly string[] = [],
): WindowReading {
  const from = atWallClock(zone, reading.day, startMinute, [...notes, ...reading.notes]);
  const to = atWallClock(zone, reading.day, endMinute, from.notes);
  return {
    fromMs: from.ms,
    toMs: to.ms,
    notes: [...new Set(to.notes)],
    ...(reading.saysPast === true ? { saysPast: true } : {}),
  };
}

/** "between Monday and Wednesday", "24 to 28 November", "Monday to Wednesday next week". */
function readDayRange(text: string, moment: Moment, today: number): WindowReading | undefined {
  const match =
    /^between (.+?) and (.+)$/.exec(text) ??
    /^(?:from )?(.+?) (?:to|until|till|through|-|–) (.+)$/.exec(text) ??
    /^([a-z]+|\d{1,2}|[a-z]+ \d{1,2})[-–]([a-z]+|\d{1,2}(?: [a-z]+.*)?)$/.exec(text);
  const [, first, second] = match ?? [];
  if (first === undefined || second === undefined) return undefined;
  const { zone } = moment;
  // "November 24 to 28" names the month once, before the first day.
  const month = /^\d{1,2}(?:st|nd|rd|th)?$/.test(second) ? /^[a-z]+ (?=\d)/.exec(first)?.[0] : '';
  const last = `${month ?? ''}${second}`;
  const sharedWeek = / (?:of )?(?:this|next) week$/.exec(last)?.[0] ?? '';
  const sharedMonth = /^\d{1,2}(?:st|nd|rd|th)?( .+)$/.exec(last)?.[1] ?? '';
  const number = /^(?:the )?\d{1,2}(?:st|nd|rd|th)?$/.test(first);
  const from =
    readDay(`${first}${number ? sharedMonth : sharedWeek}`, today) ?? readDay(first, today);
  const to = from && readDay(last, sharedWeek === '' ? from.day : today);
  if (from !== undefined && to !== undefined) {
    return wholeDays(zone, from.day, to.day + 1, { notes: [...from.notes, ...to.notes] });
  }
  const start = readInstant(first, moment);
  const end = readInstant(last, start === undefined ? moment : { ...moment, nowMs: start.ms });
  if (start === undefined || end === undefined) return undefined;
  return { fromMs: start.ms, toMs: end.ms, notes: [...start.notes, ...end.notes] };
}

/** "Thursday", "Thursday afternoon", "this afternoon", "tonight". */
function readDayOrPart(text: string, { zone }: Moment, today: number): WindowReading | undefined {
  const whole = readDay(text, today);
  if (whole !== undefined) return wholeDays(zone, whole.day, whole.day + 1, whole);
  const taken = takePart(text);
  if (taken === undefined) return undefined;
  const dayText = taken.rest.replace(/\b(?:on|in|the)$/, '').trim();
  const isToday = dayText === '' || dayText === 'this';
  const reading = isToday ? { day: today, notes: [] } : readDay(dayText, today);
  if (reading === undefined) return undefined;
  const { start, end } = PARTS_OF_DAY[taken.part];
  return onDay(zone, reading, minutesOf(start), minutesOf(end));
}
