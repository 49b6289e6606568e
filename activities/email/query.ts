/**
 * The one language mail is searched in, whatever the provider: a query becomes a tree of terms with
 * dates resolved to instants. It refuses what it does not know, saying what to write instead.
 */
import { DateTime } from 'luxon';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import { type Token, tokensOf } from './query-tokens.ts';

/** Where a message lies. `other` is a folder the person made. */
export const mailFolders = [
  'inbox',
  'archive',
  'sent',
  'drafts',
  'spam',
  'trash',
  'other',
] as const;
export type MailFolder = (typeof mailFolders)[number];

/** Fields whose words a term looks for; `any` is all of them and the text. */
export type TextField = 'any' | 'from' | 'to' | 'cc' | 'subject';

/**
 * One condition. `text`: the words of `value` stand next to each other, whole, in any case;
 * `filename`: so in an attachment's name. `label`: exactly this name. Instants are milliseconds.
 */
export type MailTerm =
  | { readonly kind: 'text'; readonly field: TextField; readonly value: string }
  | { readonly kind: 'filename'; readonly value: string }
  | { readonly kind: 'label'; readonly value: string }
  | { readonly kind: 'in'; readonly folder: Exclude<MailFolder, 'other'> | 'anywhere' }
  | { readonly kind: 'is'; readonly mark: 'unread' | 'read' | 'starred' }
  | { readonly kind: 'hasAttachment' }
  /** Received at or after the instant. */
  | { readonly kind: 'after'; readonly ms: number }
  /** Received before the instant. */
  | { readonly kind: 'before'; readonly ms: number };

/** A parsed query. An empty `and` matches everything, an empty `or` nothing. */
export type MailQuery =
  | MailTerm
  | { readonly kind: 'and' | 'or'; readonly parts: readonly MailQuery[] }
  | { readonly kind: 'not'; readonly part: MailQuery };

/** What dates and ages in a query refer to. */
export type QueryClock = {
  /** RFC 3339. */
  readonly now: string;
  /** IANA zone whose midnights days begin at. */
  readonly zone: string;
};

/** What the language knows, for refusals and for the planner. */
const known =
  'from: to: cc: subject: filename: label: in:inbox|archive|sent|drafts|spam|trash|anywhere ' +
  'is:unread|read|starred has:attachment after:2026-10-07 before:2026-10-07 newer_than:7d ' +
  'older_than:2m, words, "a phrase", -not, or, ( )';

const depthMax = 12;
const spans: Readonly<Record<string, string>> = {
  h: 'hours',
  d: 'days',
  w: 'weeks',
  m: 'months',
  y: 'years',
};

/** Reads a query. @throws InvalidInputError, in words a planner can act on */
export function parseMailQuery(text: string, clock: QueryClock): MailQuery {
  const reader = new Reader(tokensOf(text), clock);
  const query = reader.all('any', 0);
  reader.expectEnd();
  return query;
}

/** Refuses a query. */
function refuse(why: string): Error {
  return failure('InvalidInputError', `${why} A mail query knows: ${known}.`);
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #clock: QueryClock;
  #at = 0;

  constructor(tokens: readonly Token[], clock: QueryClock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Terms that must all match, up to a closing bracket or the end. */
  all(field: TextField, depth: number): MailQuery {
    if (depth > depthMax) throw refuse('The query has too many brackets inside each other.');
    const parts: MailQuery[] = [];
    while (this.#peek() !== undefined && this.#peek()?.kind !== 'close') {
      parts.push(this.#alternatives(field, depth));
    }
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : { kind: 'and', parts };
  }

  expectEnd(): void {
    if (this.#peek() !== undefined) throw refuse('There is a ")" without a "(".');
  }

  #alternatives(field: TextField, depth: number): MailQuery {
    const first = this.#one(field, depth);
    const parts = [first];
    while (this.#peek()?.kind === 'or') {
      this.#at += 1;
      parts.push(this.#one(field, depth));
    }
    return parts.length === 1 ? first : { kind: 'or', parts };
  }

  #one(field: TextField, depth: number): MailQuery {
    const token = this.#peek();
    this.#at += 1;
    switch (token?.kind) {
      case undefined:
        throw refuse('The query ends where a term is expected.');
      case 'or':
        throw refuse('"or" stands between two terms.');
      case 'close':
        throw refuse('A term is expected before ")".');
      case 'not':
        if (depth > depthMax) throw refuse('The query has too many "-" in a row.');
        return { kind: 'not', part: this.#one(field, depth + 1) };
      case 'open':
        return this.#group(field, depth);
      case 'word':
        return { kind: 'text', field, value: token.value };
      case 'operator':
        return this.#operator(token.name, depth);
      default:
        return token satisfies never;
    }
  }

  #group(field: TextField, depth: number): MailQuery {
    const inner = this.all(field, depth + 1);
    if (this.#peek()?.kind !== 'close') throw refuse('There is a "(" without a ")".');
    this.#at += 1;
    return inner;
  }

  #operator(name: string, depth: number): MailQuery {
    const next = this.#peek();
    if (isTextField(name) && next?.kind === 'open') {
      this.#at += 1;
      return this.#group(name, depth);
    }
    if (next?.kind !== 'word' || !next.attached) throw refuse(`${name}: needs a value.`);
    this.#at += 1;
    return termOf(name, next.value, this.#clock);
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }
}

function isTextField(name: string): name is Exclude<TextField, 'any'> {
  return name === 'from' || name === 'to' || name === 'cc' || name === 'subject';
}

function termOf(name: string, value: string, clock: QueryClock): MailTerm {
  if (isTextField(name)) return { kind: 'text', field: name, value };
  switch (name) {
    case 'filename':
    case 'label':
      return { kind: name, value };
    case 'in':
      return { kind: 'in', folder: folderOf(value) };
    case 'is':
      return { kind: 'is', mark: markOf(value) };
    case 'has':
      if (value.toLowerCase() === 'attachment') return { kind: 'hasAttachment' };
      throw refuse(`has:${cleanLine(value, 40)} is not known.`);
    case 'after':
    case 'newer':
      return { kind: 'after', ms: dayOf(value, clock) };
    case 'before':
    case 'older':
      return { kind: 'before', ms: dayOf(value, clock) };
    case 'newer_than':
      return { kind: 'after', ms: agoOf(value, clock) };
    case 'older_than':
      return { kind: 'before', ms: agoOf(value, clock) };
    default:
      throw refuse(
        `There is no ${cleanLine(name, 40)}: here; to look for the text itself, put it in quotes.`,
      );
  }
}

function folderOf(value: string): Exclude<MailFolder, 'other'> | 'anywhere' {
  const folder = value.toLowerCase();
  if (folder === 'draft') return 'drafts';
  if (folder === 'anywhere') return folder;
  const found = mailFolders.find((candidate) => candidate === folder);
  if (found === undefined || found === 'other') {
    throw refuse(`in:${cleanLine(value, 40)} is not known; folders of your own are labels.`);
  }
  return found;
}

function markOf(value: string): 'unread' | 'read' | 'starred' {
  const mark = value.toLowerCase();
  if (mark === 'unread' || mark === 'read' || mark === 'starred') return mark;
  throw refuse(`is:${cleanLine(value, 40)} is not known.`);
}

/** The midnight a day begins at. */
function dayOf(value: string, { zone }: QueryClock): number {
  const [, year, month, day] = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(value) ?? [];
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const at = year === undefined ? Number.NaN : DateTime.fromObject(date, { zone }).toMillis();
  if (!Number.isFinite(at)) {
    throw refuse(`"${cleanLine(value, 40)}" is not a day; write it like 2026-10-07.`);
  }
  return at;
}

function agoOf(value: string, { now, zone }: QueryClock): number {
  const [, count, letter = ''] = /^(\d{1,4})([hdwmy])$/i.exec(value) ?? [];
  const unit = spans[letter.toLowerCase()];
  if (count === undefined || unit === undefined) {
    throw refuse(`"${cleanLine(value, 40)}" is not an age; write it like 7d, 2w, 3m or 1y.`);
  }
  return DateTime.fromISO(now, { zone })
    .minus({ [unit]: Number(count) })
    .toMillis();
}
