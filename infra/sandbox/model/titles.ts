/** Finds what a meeting or mail is about in the words that are left when times and people are out. */
import { listNames, type Named } from './people.ts';

/** A text split at "about …", "to discuss …", "called …". */
export type Topic = { readonly head: string; readonly topic: string | undefined };

const topicMark =
  /\s*\b(?:about|regarding|concerning|to (?:discuss|talk about|talk through|go over|review|plan|prepare|work on)|on the (?:topic|subject) of|called|titled|named)\s+(.+)$/i;
const quoted = /["“]([^"”]{2,120})["”]/;
const plainWords =
  /^(?:meeting|call|chat|sync|session|lunch|coffee|dinner|interview|workshop|1:1|catch-?up|appointment)$/i;

/** Splits off what it is about. Time words after the topic stay in the head. */
export function topicOf(text: string): Topic {
  const quote = quoted.exec(text);
  if (quote !== null) return { head: text.replace(quote[0], ' '), topic: quote[1] };
  const match = topicMark.exec(text);
  if (match === null) return { head: text, topic: undefined };
  const said = match[1] ?? '';
  const cut =
    /\s+\b(?:with|tomorrow|today|tonight|next|this|on (?:mon|tue|wed|thu|fri|sat|sun)|at \d|before|by|in the|for \d)\b.*$/i.exec(
      said,
    );
  const topic = cut === null ? said : said.slice(0, cut.index);
  return { head: `${text.slice(0, match.index)} ${cut?.[0] ?? ''}`, topic: topic.trim() };
}

/** The title of an event. */
export function readTitle(
  rest: string,
  topic: Topic | undefined,
  people: readonly Named[],
): string {
  if (topic?.topic !== undefined) return capital(withoutArticle(topic.topic)).slice(0, 120);
  const left = rest
    .replace(
      /^(?:please )?(?:i (?:need|want)|find|look for|get|need|want|schedule|set up|arrange|book|organi[sz]e|plan|make|fix|suggest|propose|block|reserve|keep|hold|protect|put|add|create|move|reschedule|shift|push|postpone|cancel|call off|delete|scrap|remove|invite)\b/i,
      ' ',
    )
    .replace(/\b(?:to|in|on|into) (?:my|the) calendar\b/gi, ' ')
    .replaceAll(
      /\b(?:for us|and me|with me|for me|together|please|some|free|possible|suitable)\b/gi,
      ' ',
    )
    .replaceAll(/\b(?:with|between|among)\b.*$/gi, ' ')
    .replaceAll(
      /\b(?:me|my|the|our|a|an|that|time|times|slots?|where|everyone|all of|is|are|can|event|entry|off|out|from|at|on|in|of|to|for|and|it|them|him|her)\b/gi,
      ' ',
    )
    .replaceAll(/['’]s\b/g, ' ')
    .replaceAll(/[^\p{L}\p{N}:/ &+-]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (people.length > 0 && (left === '' || plainWords.test(left))) {
    return `${capital(left === '' ? 'meeting' : left)} with ${listNames(people)}`;
  }
  return left === '' ? 'Meeting' : capital(left).slice(0, 120);
}

/** The first letter in upper case. */
export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function withoutArticle(text: string): string {
  return text.replace(/^(?:the|a|an|our|my)\s+/i, '');
}
