/** Finds wishes about a meeting's time and place in a goal: days to avoid, lunch, pauses, a room. */
import type { JsonObject } from '#contracts/json.ts';

/** What a text wishes, in findTime's words, and the text without it. */
export type WishWords = {
  readonly must: JsonObject | null;
  readonly prefer: JsonObject | null;
  readonly wantsRoom: boolean;
  /** Addresses of rooms that the text names. */
  readonly rooms: readonly string[];
  readonly rest: string;
};

const weekday = '(?:mon|tues|wednes|thurs|fri|satur|sun)days?';
const clock = '(\\d{1,2})(?:[:.](\\d{2}))? ?(am|pm)?';
const patterns = {
  notOn: new RegExp(
    `,? ?\\b(?:but )?(?:not on|never on|avoid) (${weekday}(?:(?:, | or | and )${weekday})*)`,
    'i',
  ),
  prefer:
    /,? ?\b(?:preferably|ideally|if possible)(?: in the)? (morning|midday|afternoon|evening)s?\b/i,
  lunch:
    /,? ?(?:\b(?:and|but) )?\b(?:keep(?:ing)? (?:(?:my|our|their|everyone['’]s) )?lunch(?: ?time)? free|not over lunch)\b/i,
  backToBack:
    /,? ?(?:\b(?:and|but) )?\b(?:not?|avoid(?:ing)?|without) back[- ]to[- ]backs?(?: meetings)?\b/i,
  notBefore: new RegExp(`,? ?\\b(?:but )?not before ${clock}`, 'i'),
  notAfter: new RegExp(`,? ?\\b(?:but )?not after ${clock}`, 'i'),
  room: /,? ?\b(?:(?:with|in|and) )?(?:a|one of the|any) (?:meeting |free )?rooms?\b/i,
  roomAddress: /(?:,? ?\b(?:or|and|in) )?\b(room[\w.+-]*@[\w-]+(?:\.[\w-]+)+)/i,
} as const;

/** Reads the wishes out of a text. */
export function readWishes(text: string): WishWords {
  let rest = text;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest);
    if (match !== null) {
      rest = `${rest.slice(0, match.index)} ${rest.slice(match.index + match[0].length)}`;
    }
    return match;
  };
  const rooms: string[] = [];
  for (let found = take(patterns.roomAddress); found !== null; found = take(patterns.roomAddress)) {
    rooms.push((found[1] ?? '').toLowerCase());
  }
  const notOn = take(patterns.notOn)?.[1]?.toLowerCase().match(new RegExp(weekday, 'gi'));
  const must: JsonObject = {
    ...(notOn ? { notWeekdays: notOn.map((day) => day.replace(/s$/, '')) } : {}),
    ...given('notBefore', timeOf(take(patterns.notBefore))),
    ...given('notAfter', timeOf(take(patterns.notAfter))),
    ...(take(patterns.lunch) === null ? {} : { keepLunchFree: true }),
    ...(take(patterns.backToBack) === null ? {} : { avoidBackToBack: true }),
  };
  const part = take(patterns.prefer)?.[1]?.toLowerCase();
  return {
    must: Object.keys(must).length === 0 ? null : must,
    prefer: part === undefined ? null : { partOfDay: part },
    wantsRoom: take(patterns.room) !== null || rooms.length > 0,
    rooms,
    rest: rest.replaceAll(/\s+/g, ' ').trim(),
  };
}

function given(name: string, value: string | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

function timeOf(match: RegExpExecArray | null): string | undefined {
  if (match === null) return undefined;
  const [, hour = '0', minute = '00', half] = match;
  const late = half?.toLowerCase() === 'pm' && Number(hour) < 12 ? 12 : 0;
  return `${String(Number(hour) + late).padStart(2, '0')}:${minute}`;
}
