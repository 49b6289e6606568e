/**
 * Gmail's search language: a query becomes a predicate over messages. Words match whole words;
 * dates are midnights of Pacific time, as the API reads them. An unknown operator is read as words.
 */
import { DateTime } from 'luxon';
import { treeOf } from '../mail/mailbox.ts';
import { header, readableText, walk } from '../mail/mime.ts';
import type { MailboxState, StoredMessage } from '../office/state.ts';

/** What a query can look at. */
export interface SearchableMail {
  from: string;
  to: string;
  cc: string;
  bcc: string;
  subject: string;
  text: string;
  list: string;
  messageId: string;
  filenames: string[];
  /** Label ids and names, lower case. */
  labels: string[];
  dateMs: number;
  sizeBytes: number;
}

/** A message as the search sees it. */
export function searchable(mailbox: MailboxState, message: StoredMessage): SearchableMail {
  const tree = treeOf(message);
  const value = (name: string): string => header(tree.headers, name) ?? '';
  const names = mailbox.labels
    .filter((label) => message.labelIds.includes(label.id))
    .map((label) => label.name);
  return {
    from: value('From'),
    to: value('To'),
    cc: value('Cc'),
    bcc: value('Bcc'),
    subject: value('Subject'),
    text: readableText(tree),
    list: value('List-Id'),
    messageId: value('Message-ID'),
    filenames: [...walk(tree)].map((part) => part.filename).filter((name) => name !== ''),
    labels: [...message.labelIds, ...names].map((label) => label.toLowerCase()),
    dateMs: message.internalDate,
    sizeBytes: Math.floor((message.raw.length * 3) / 4),
  };
}

/** Says whether a message matches. */
export type MailPredicate = (mail: SearchableMail) => boolean;

/** Reads a query; the empty one matches everything. */
export function parseQuery(query: string, now: Date): MailPredicate {
  return new Parser(tokens(query), now).all();
}

/** Whether a query itself reaches into spam or trash. */
export function reachesSpamTrash(query: string): boolean {
  return /\b(?:in|label|is):"?(?:spam|trash|anywhere)\b/i.test(query);
}

const everything: MailPredicate = () => true;
const nothing: MailPredicate = () => false;

/** Quoted phrases, brackets and operators such as `from:"Nora Feld"` stay whole. */
function tokens(query: string): string[] {
  return (
    query.match(
      /-?[a-z\d_]+:"[^"]*"|-?"[^"]*"|-?[a-z\d_]+:(?=[({])|-(?=[({])|[(){}]|[^\s(){}]+/gi,
    ) ?? []
  );
}

class Parser {
  readonly #tokens: string[];
  readonly #now: Date;
  #at = 0;

  constructor(list: string[], now: Date) {
    this.#tokens = list;
    this.#now = now;
  }

  /** A run of alternatives that must all match, up to a closing bracket. */
  all(close?: string, operator?: string): MailPredicate {
    const parts: MailPredicate[] = [];
    while (this.#at < this.#tokens.length && this.#tokens[this.#at] !== close) {
      parts.push(this.#alternatives(operator));
    }
    this.#at += 1;
    if (parts.length === 0) return everything;
    // Braces mean "any of these", brackets "all of these".
    if (close === '}') return (mail) => parts.some((part) => part(mail));
    return (mail) => parts.every((part) => part(mail));
  }

  #alternatives(operator?: string): MailPredicate {
    const parts = [this.#one(operator)];
    while (this.#tokens[this.#at] === 'OR') {
      this.#at += 1;
      parts.push(this.#one(operator));
    }
    return (mail) => parts.some((part) => part(mail));
  }

  #one(operator?: string): MailPredicate {
    const token = this.#tokens[this.#at] ?? '';
    this.#at += 1;
    if (token === '(') return this.all(')', operator);
    if (token === '{') return this.all('}', operator);
    if (token.startsWith('-') && token.length > 1) return negate(this.#term(token.slice(1)));
    if (token === '-') return negate(this.#one(operator));
    return this.#term(token, operator);
  }

  #term(token: string, operator?: string): MailPredicate {
    const [, name, value] = /^([a-z\d_]+):(.*)$/is.exec(token) ?? [];
    if (name !== undefined && value === '') {
      const opening = this.#tokens[this.#at];
      if (opening === '(' || opening === '{') return this.#one(name.toLowerCase());
    }
    if (name !== undefined && value !== undefined) {
      return term(name.toLowerCase(), unquote(value), this.#now);
    }
    return operator === undefined
      ? anywhere(unquote(token))
      : term(operator, unquote(token), this.#now);
  }
}

function negate(predicate: MailPredicate): MailPredicate {
  return (mail) => !predicate(mail);
}

function unquote(text: string): string {
  return text.replace(/^"(.*)"$/s, '$1');
}

function anywhere(phrase: string): MailPredicate {
  return ({ from, to, cc, subject, text }) =>
    hasWords([from, to, cc, subject, text].join('\n'), phrase);
}

/** Whether the words of a phrase stand next to each other in a text. */
function hasWords(text: string, phrase: string): boolean {
  const flat = (value: string): string =>
    ` ${value
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()} `;
  const wanted = flat(phrase);
  return wanted.trim() === '' || flat(text).includes(wanted);
}

function term(name: string, value: string, now: Date): MailPredicate {
  switch (name) {
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'subject':
    case 'list':
      return (mail) => hasWords(mail[name], value);
    case 'label':
      return hasLabel(value);
    case 'in':
      return value.toLowerCase() === 'anywhere' ? everything : hasLabel(inFolder(value));
    case 'is':
      return value.toLowerCase() === 'read' ? negate(hasLabel('unread')) : hasLabel(value);
    case 'category':
      return hasLabel(`category_${value}`);
    case 'has':
      return value === 'attachment' ? (mail) => mail.filenames.length > 0 : nothing;
    case 'filename':
      return ({ filenames }) =>
        filenames.some((file) => file.toLowerCase().includes(value.toLowerCase()));
    case 'rfc822msgid':
      return (mail) => mail.messageId.replace(/[<>]/g, '') === value.replace(/[<>]/g, '');
    case 'larger':
      return (mail) => mail.sizeBytes > readBytes(value);
    case 'smaller':
      return (mail) => mail.sizeBytes < readBytes(value);
    case 'after':
    case 'newer':
      return (mail) => mail.dateMs >= readDate(value);
    case 'before':
    case 'older':
      return (mail) => mail.dateMs < readDate(value);
    case 'newer_than':
      return (mail) => mail.dateMs >= ago(value, now);
    case 'older_than':
      return (mail) => mail.dateMs < ago(value, now);
    default:
      return anywhere(`${name} ${value}`);
  }
}

function inFolder(value: string): string {
  return value.toLowerCase() === 'drafts' ? 'draft' : value;
}

function hasLabel(value: string): MailPredicate {
  const same = (label: string): string => label.toLowerCase().replace(/[\s/]+/g, '-');
  const wanted = same(value);
  return ({ labels }) => labels.some((label) => same(label) === wanted);
}

function readBytes(value: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([km]?)b?$/i.exec(value) ?? [];
  const factor = { k: 1_024, m: 1_048_576 }[unit.toLowerCase()] ?? 1;
  return digits === '' ? Number.NaN : Number(digits) * factor;
}

/** Seconds since the epoch, or a day in Pacific time; NaN (which matches nothing) otherwise. */
function readDate(value: string): number {
  if (/^\d{9,}$/.test(value)) return Number(value) * 1_000;
  const [, year, month, day] = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})$/.exec(value) ?? [];
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  return DateTime.fromObject(date, { zone: 'America/Los_Angeles' }).toMillis();
}

function ago(value: string, now: Date): number {
  const [, digits, unit] = /^(\d+)([dmy])$/i.exec(value) ?? [];
  if (digits === undefined || unit === undefined) return Number.NaN;
  const count = Number(digits);
  const spans = { d: { days: count }, m: { months: count }, y: { years: count } };
  return DateTime.fromJSDate(now)
    .minus(spans[unit.toLowerCase() as 'd' | 'm' | 'y'])
    .toMillis();
}
