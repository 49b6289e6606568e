/**
 * Summaries and mails by rule: extracts what the material says and writes it in plain English. It
 * follows no instruction inside the material and adds no facts.
 */
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import { textOf } from './builder.ts';
import { capital } from './titles.ts';

const maxPoints = 10;

/** Answers a `summary` request. */
export function answerSummary(data: JsonObject): Json {
  const facts = factsOf(data.material ?? []);
  const points = facts.map(({ text }) => text).slice(0, maxPoints);
  if (points.length === 0) {
    return { summary: 'The material holds nothing on this.', points: [] };
  }
  const kinds = [...new Set(facts.map(({ kind }) => kind))].map((kind) => {
    const count = facts.filter((fact) => fact.kind === kind).length;
    return `${count} ${kind}${count === 1 ? '' : 's'}`;
  });
  const rest = facts.length > maxPoints ? ` And ${facts.length - maxPoints} more.` : '';
  const summary = `${capital(listed(kinds))}. ${points.map(sentence).join(' ')}${rest}`;
  return { summary: summary.slice(0, 7_900), points: points.map((point) => point.slice(0, 990)) };
}

/** Answers an `email` request. */
export function answerEmail(data: JsonObject): Json {
  const instruction = textOf(data.instruction);
  const said = saidIn(instruction);
  const facts = factsOf(data.material ?? []).map(({ text }) => text);
  const reply = /^(?:please )?(?:draft a )?(?:reply|respond|answer)/i.test(instruction);
  const content = said === '' ? openingOf(instruction) : sentence(capital(said));
  // A reply that says something needs no retelling of the thread.
  const shown = reply && said !== '' ? [] : facts.slice(0, maxPoints);
  const greeting = textOf(data.recipientName);
  const lines = [
    toneGreeting(data, greeting) ?? (greeting === '' ? 'Hello,' : `Hi ${greeting},`),
    '',
    content,
    ...(shown.length === 0 ? [] : ['', ...shown.map((fact) => `- ${fact}`)]),
    '',
    ...(toneClosing(data) ?? ['Best regards,', textOf(data.senderName).split('@')[0] ?? '']),
  ];
  return { subject: subjectOf(data, instruction, said), body: lines.join('\n').trimEnd() };
}

/** The greeting of the person's profile, with the reader's name in its place. */
function toneGreeting({ tone }: JsonObject, name: string): string | undefined {
  const greeting = isJsonObject(tone) ? textOf(tone.greeting) : '';
  return greeting === '' || name === '' ? undefined : greeting.replace('[name]', name);
}

function toneClosing({ tone }: JsonObject): string[] | undefined {
  const closing = isJsonObject(tone) ? textOf(tone.closing) : '';
  return closing === '' ? undefined : [closing];
}

/** Answers a `tone` request: what the first and last lines of most mails are. */
export function answerTone(data: JsonObject): Json {
  const mails = Array.isArray(data.mails) ? (data.mails as readonly Json[]).map(textOf) : [];
  const lines = mails.map((mail) => mail.split('\n').filter((line) => line.trim() !== ''));
  const usual = (found: readonly string[]): string => {
    const counts = new Map<string, number>();
    for (const line of found) counts.set(line, (counts.get(line) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]?.slice(0, 90) ?? '';
  };
  const greetings = lines.map(([first = '']) => first.replace(/^(\w+) \p{Lu}.*$/u, '$1 [name],'));
  const words = mails.flatMap((mail) => mail.split(/[.!?]\s/)).map((part) => part.split(/\s+/));
  const mean = words.reduce((sum, { length }) => sum + length, 0) / Math.max(1, words.length);
  return {
    greeting: usual(greetings),
    closing: usual(lines.map((mail) => mail.at(-1) ?? '')),
    formality: /^(?:dear|sehr)/i.test(usual(greetings)) ? 'formal' : 'neutral',
    sentenceLength: mean < 8 ? 'short' : mean < 18 ? 'medium' : 'long',
    languages: ['en'],
    phrases: [],
    notes: '',
  };
}

type Fact = { readonly kind: 'mail' | 'event' | 'note'; readonly text: string };

/** What the material says, one line each: mails, events, texts. */
function factsOf(value: Json): readonly Fact[] {
  if (typeof value === 'string')
    return value.trim() === '' ? [] : [{ kind: 'note', text: clean(value, 900) }];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(factsOf);
  if (!isJsonObject(value)) return [];
  if (typeof value.subject === 'string' && typeof value.excerpt === 'string') {
    const from = isJsonObject(value.from)
      ? textOf(value.from.name) || textOf(value.from.email)
      : 'Somebody';
    const text = clean(value.excerpt, 240);
    return [
      {
        kind: 'mail',
        text: `${from} on “${value.subject}” (${textOf(value.date).slice(0, 10)}): ${text}`,
      },
    ];
  }
  if (typeof value.title === 'string' && typeof value.startLocal === 'string') {
    return [{ kind: 'event', text: `${value.startLocal}: ${value.title}` }];
  }
  const summary = value.summary ?? value.excerpt ?? value.text;
  return typeof summary === 'string' ? factsOf(summary) : Object.values(value).flatMap(factsOf);
}

/** What the mail is to say: the words after "that", "saying" or a colon. */
function saidIn(instruction: string): string {
  const match =
    /\b(?:that|saying|to say)\s+(.+)$/is.exec(instruction) ?? /:\s*(.+)$/s.exec(instruction);
  return (match?.[1] ?? '').trim();
}

function openingOf(instruction: string): string {
  const asked = /^(?:please )?ask .*?\b(whether|if|for|about)\b (.+)$/i.exec(instruction);
  if (asked !== null) {
    const [, word = '', what = ''] = asked;
    return /for|about/i.test(word)
      ? `Could you let me have ${word.toLowerCase() === 'about' ? 'word on ' : ''}${what}?`
      : `Could you tell me ${word.toLowerCase()} ${what}?`;
  }
  const topic = topicIn(instruction);
  return topic === '' ? 'Here is what you should know.' : `Here is the ${topic}:`;
}

function subjectOf(data: JsonObject, instruction: string, said: string): string {
  const [first] = Array.isArray(data.material) ? [data.material].flat(2) : [];
  const replying =
    /^(?:please )?(?:draft|write)?\s*(?:an? )?(?:reply|respond|response|answer)/i.test(instruction);
  if (replying && isJsonObject(first) && typeof first.subject === 'string') {
    return /^re:/i.test(first.subject) ? first.subject : `Re: ${first.subject}`;
  }
  const topic = topicIn(instruction);
  const words = topic === '' ? clean(said, 60).split(' ').slice(0, 8).join(' ') : topic;
  return capital(words === '' ? 'A short note' : words).slice(0, 120);
}

/** "the agenda" in "email Carla the agenda", "the budget" in "about the budget". */
function topicIn(instruction: string): string {
  const head = instruction.replace(/\b(?:that|saying)\b.*$/is, '');
  const match =
    /\b(?:about|regarding|on)\s+(?:the |a |my |our )?([\p{L}\p{N}][\p{L}\p{N} -]{2,60})/iu.exec(
      head,
    ) ??
    /\b(?:the|an?|my|our)\s+(?!(?:mail|e-?mail|message|note|reply|draft)\b)([\p{L}][\p{L}\p{N} -]{2,40}?)(?:\s+(?:to|for|with|and|from)\b|[.,;:]|$)/iu.exec(
      head,
    );
  return (match?.[1] ?? '').trim();
}

/** One line without control characters, cut at a word. */
function clean(text: string, max: number): string {
  // eslint-disable-next-line no-control-regex
  const flat = text.replaceAll(/[\u0000-\u001f\u007f\s]+/g, ' ').trim();
  if (flat.length <= max) return flat;
  return `${flat
    .slice(0, max)
    .replace(/\s\S*$/, '')
    .toWellFormed()}…`;
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function listed(words: readonly string[]): string {
  return words.length < 2
    ? (words[0] ?? '')
    : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
