/** Finds words about repetition in a goal: "every second Monday", "weekly until 31 March". */
import type { JsonObject } from '#contracts/json.ts';

const names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const weekday = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const ordinal = '(?:first|second|third|fourth|last)';

/** What a text says about repetition, as an input of a tool, and the text without it. */
export type RepeatWords = {
  readonly repeat: JsonObject;
  /** The first weekday that is named: a start may be said by it. */
  readonly day: string | undefined;
  readonly rest: string;
};

const forms: readonly (readonly [RegExp, (match: RegExpExecArray) => JsonObject])[] = [
  [
    new RegExp(
      `\\b(?:on )?(?:the|every) (${ordinal}) (${weekday}) of (?:the|each|every) month\\b`,
      'i',
    ),
    ([, place = '', day = '']) => ({
      every: 'month',
      ordinal: place.toLowerCase(),
      weekdays: [shortOf(day)],
    }),
  ],
  [
    /\b(?:every|each) (?:weekday|working day|workday)\b/i,
    () => ({ every: 'week', weekdays: names.slice(0, 5) }),
  ],
  [
    new RegExp(
      `\\b(?:every|each) (other |second )?(${weekday})s?((?:(?:,| and|, and) ${weekday}s?)*)`,
      'i',
    ),
    ([, other, first = '', more = '']) => ({
      every: 'week',
      ...(other === undefined ? {} : { interval: 2 }),
      weekdays: [first, ...(more.match(new RegExp(weekday, 'gi')) ?? [])].map(shortOf),
    }),
  ],
  [
    /\b(?:every|each) (?:(other|second) |(\d{1,2}) )?(day|week|month|year)s?\b/i,
    ([, other, number, every = '']) => ({
      every: every.toLowerCase(),
      ...(other === undefined && number === undefined ? {} : { interval: Number(number ?? 2) }),
    }),
  ],
  [/\b(?:bi-?weekly|fortnightly)\b/i, () => ({ every: 'week', interval: 2 })],
  [
    /\b(daily|weekly|monthly|yearly|annual|annually)\b/i,
    ([, word = '']) => ({
      every: { d: 'day', w: 'week', m: 'month', y: 'year', a: 'year' }[
        word.charAt(0).toLowerCase() as 'd' | 'w' | 'm' | 'y' | 'a'
      ],
    }),
  ],
];
const onDays = new RegExp(`\\bon (${weekday}s(?:(?:,| and|, and) ${weekday}s)*)`, 'i');
const until = /\b(?:until|till) ((?:the )?(?:end of )?[\w ]{3,30}?)(?=$|[,.;]| with | at | for )/i;
const times = /\b(?:for )?(\d{1,3}) times\b/i;

/** Reads a repetition; undefined when the text names none. */
export function readRepeat(text: string): RepeatWords | undefined {
  const found = forms.flatMap(([pattern, read]) => {
    const match = pattern.exec(text);
    return match === null ? [] : [{ match, repeat: read(match) }];
  })[0];
  if (found === undefined) return undefined;
  let rest = without(text, found.match[0]);
  let { repeat } = found;
  const days = onDays.exec(rest);
  if (days !== null) {
    const named = (days[1]?.match(new RegExp(weekday, 'gi')) ?? []).map(shortOf);
    repeat = { ...repeat, weekdays: named };
    rest = without(rest, days[0]);
  }
  const end = until.exec(rest);
  const count = end === null ? times.exec(rest) : null;
  if (end !== null) repeat = { ...repeat, until: end[1]?.trim() ?? '' };
  if (count !== null) repeat = { ...repeat, count: Number(count[1]) };
  rest = without(rest, end?.[0] ?? count?.[0] ?? '');
  const [first] = (repeat['weekdays'] ?? []) as readonly string[];
  const day = names.find((name) => name === first);
  return { repeat, day: day === undefined ? undefined : fullNames[names.indexOf(day)], rest };
}

const fullNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

function shortOf(day: string): string {
  return day.slice(0, 3).toLowerCase();
}

function without(text: string, part: string): string {
  return text.replace(part, ' ').replaceAll(/\s+/g, ' ').trim();
}
