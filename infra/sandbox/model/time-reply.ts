/** Reads an answer to offered times by rule: numbers, ordinals, weekdays and times of day. */
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import { textOf } from './builder.ts';
import { clockAs24 } from './phrases.ts';

type Offered = { readonly number: number; readonly words: string };

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth'];
const weekday = /\b(monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b/i;
const clock = /\b(\d{1,2}[:.]\d{2}|\d{1,2} ?(?:am|pm)|noon)\b/i;
const no =
  /\b(?:not|cannot|can['’]?t|won['’]?t|doesn['’]?t|don['’]?t|none|neither|unfortunately|sorry)\b/i;
const another = /\b(?:how about|what about|could we|can we|instead|rather|would .+ work)\b/i;

/** Answers a `timeReply` request. */
export function answerTimeReply(data: JsonObject): Json {
  const offered = (Array.isArray(data.offered) ? (data.offered as Json[]) : []).flatMap((item) =>
    isJsonObject(item) && typeof item.number === 'number'
      ? [{ number: item.number, words: textOf(item.words) }]
      : [],
  );
  const sentences = textOf(data.reply)
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
  for (const quote of sentences) {
    const number = no.test(quote) ? undefined : chosenIn(quote, offered);
    if (number !== undefined) return { choice: 'slot', number, counterProposal: null, quote };
  }
  const suggested = sentences.find((sentence) => another.test(sentence));
  if (suggested !== undefined) {
    return { choice: 'counter', number: null, counterProposal: suggested, quote: suggested };
  }
  const quote = sentences.find((sentence) => no.test(sentence)) ?? sentences[0] ?? '';
  return { choice: 'none', number: null, counterProposal: null, quote };
}

/** The one offered time that a sentence names; undefined when it names none or several. */
function chosenIn(sentence: string, offered: readonly Offered[]): number | undefined {
  const digit = /\b(?:option|number|no\.?|slot|#) ?(\d{1,2})\b|^(\d)[.!]?$/i.exec(sentence);
  const ordinal = ordinals.findIndex((word) =>
    new RegExp(`\\b${word}\\b(?! of)`, 'i').test(sentence),
  );
  const named = Number(digit?.[1] ?? digit?.[2] ?? (ordinal === -1 ? Number.NaN : ordinal + 1));
  if (offered.some(({ number }) => number === named)) return named;
  const day = weekday.exec(sentence)?.[1]?.toLowerCase();
  const said = clock.exec(sentence)?.[1];
  const time = said === undefined ? undefined : clockAs24(said);
  if (day === undefined && time === undefined) return undefined;
  const fitting = offered.filter(
    ({ words }) =>
      (day === undefined || words.toLowerCase().startsWith(day)) &&
      (time === undefined || words.includes(`, ${time},`)),
  );
  return fitting.length === 1 ? fitting[0]?.number : undefined;
}
