/**
 * `$search` on messages: the part of KQL that Outlook's documentation names. Words match whole
 * words, or beginnings where a star ends them; a property nobody knows is refused.
 */
import { treeOf } from '../mail/mailbox.ts';
import { header, readableText } from '../mail/mime.ts';
import type { StoredMessage } from '../office/state.ts';
import { GraphError } from './errors.ts';
import { filesOf } from './mail-files.ts';
import type { MailScope } from './mail-items.ts';
import { categoriesOf, hasAttachments, importanceOf, sentMs } from './mail-views.ts';

type Test = (message: StoredMessage) => boolean;

const dayMs = 24 * 3_600_000;

/** Reads a search, given in double quotes. @throws GraphError 400. */
export function parseSearch(given: string, scope: MailScope): Test {
  const quoted = /^\s*"([\s\S]*)"\s*$/.exec(given)?.[1];
  // Without quotes Outlook takes a single word only.
  if (quoted === undefined && !/^\s*\w+\s*$/.test(given)) {
    throw syntaxError(given, 'the value must stand in double quotes');
  }
  const text = (quoted ?? given).replace(/\\(["\\])/g, '$1');
  const parser = new Parser(tokens(text), text, scope);
  return parser.whole();
}

function tokens(text: string): string[] {
  return (
    text.match(/-?[a-z]+\s*(?:[:=]|>=?|<=?)\s*(?:"[^"]*"|[^\s()"]+)|"[^"]*"|[()]|[^\s()"]+/gi) ?? []
  );
}

function syntaxError(text: string, why: string): GraphError {
  const message = `Syntax error: ${why}. Search: ${text}`;
  return new GraphError(400, 'BadRequest', message);
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #text: string;
  readonly #scope: MailScope;
  #at = 0;

  constructor(list: readonly string[], text: string, scope: MailScope) {
    this.#tokens = list;
    this.#text = text;
    this.#scope = scope;
  }

  whole(): Test {
    const test = this.#or();
    if (this.#at < this.#tokens.length) throw syntaxError(this.#text, 'unexpected bracket');
    return test;
  }

  #or(): Test {
    const parts = [this.#and()];
    while (this.#takes('OR')) parts.push(this.#and());
    return (message) => parts.some((part) => part(message));
  }

  #and(): Test {
    const parts = [this.#one()];
    while (this.#at < this.#tokens.length && !['OR', ')'].includes(this.#tokens[this.#at] ?? '')) {
      this.#takes('AND');
      parts.push(this.#one());
    }
    return (message) => parts.every((part) => part(message));
  }

  #one(): Test {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw syntaxError(this.#text, 'a term is missing');
    this.#at += 1;
    if (token === '(') {
      const test = this.#or();
      if (!this.#takes(')')) throw syntaxError(this.#text, 'a bracket is not closed');
      return test;
    }
    if (token === 'NOT' || token === '-') return negate(this.#one());
    if (token.startsWith('-')) return negate(this.#term(token.slice(1)));
    return this.#term(token);
  }

  #term(token: string): Test {
    const [, name, operator = ':', value = ''] =
      /^([a-z]+)\s*([:=]|>=?|<=?)\s*(.*)$/is.exec(token) ?? [];
    if (name === undefined) return anywhere(unquote(token));
    return property(name.toLowerCase(), operator, unquote(value), this.#scope, this.#text);
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }
}

function negate(test: Test): Test {
  return (message) => !test(message);
}

function unquote(text: string): string {
  return text.replace(/^"(.*)"$/s, '$1');
}

/** Whether the words of a phrase stand next to each other; a star ends the last one early. */
function hasPhrase(text: string, phrase: string): boolean {
  const flat = (value: string): string =>
    value
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  const wanted = flat(phrase);
  const end = phrase.trim().endsWith('*') ? '' : ' ';
  return wanted === '' || ` ${flat(text)} `.includes(` ${wanted}${end}`);
}

function anywhere(phrase: string): Test {
  return (message) => {
    const { headers } = treeOf(message);
    const text = [header(headers, 'From'), header(headers, 'Subject'), bodyOf(message)];
    return hasPhrase(text.join('\n'), phrase);
  };
}

function bodyOf(message: StoredMessage): string {
  return readableText(treeOf(message));
}

function inHeaders(names: readonly string[], value: string): Test {
  return (message) => {
    const { headers } = treeOf(message);
    return names.some((name) => hasPhrase(header(headers, name) ?? '', value));
  };
}

function property(
  name: string,
  operator: string,
  value: string,
  scope: MailScope,
  text: string,
): Test {
  const isTrue = /^(?:true|yes|1)$/i.test(value);
  switch (name) {
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'subject':
      return inHeaders([name], value);
    case 'recipients':
      return inHeaders(['to', 'cc', 'bcc'], value);
    case 'participants':
      return inHeaders(['from', 'to', 'cc', 'bcc'], value);
    case 'body':
      return (message) => hasPhrase(bodyOf(message), value);
    case 'attachment':
    case 'attachments':
      return (message) => filesOf(message).some(({ filename }) => hasPhrase(filename, value));
    case 'hasattachment':
    case 'hasattachments':
      return (message) => hasAttachments(message) === isTrue;
    case 'isread':
      return ({ labelIds }) => labelIds.includes('UNREAD') !== isTrue;
    case 'importance':
      return (message) => importanceOf(message) === value.toLowerCase();
    case 'category':
      return (message) =>
        categoriesOf(scope.mailbox, message).some((category) => hasPhrase(category, value));
    case 'kind':
      return () => value.toLowerCase() === 'email';
    case 'size':
      return ({ raw }) => within(Math.floor((raw.length * 3) / 4), operator, sizes(value, text));
    case 'received':
      return ({ internalDate }) =>
        within(internalDate, operator, days(value, scope.office.now(), text));
    case 'sent':
      return (message) => within(sentMs(message), operator, days(value, scope.office.now(), text));
    default:
      throw syntaxError(text, `'${name}' is not a property that can be searched`);
  }
}

/** A span from its first value to the one after its last. */
interface Span {
  readonly from: number;
  readonly until: number;
}

function within(value: number, operator: string, { from, until }: Span): boolean {
  switch (operator) {
    case '>':
      return value >= until;
    case '>=':
      return value >= from;
    case '<':
      return value < from;
    case '<=':
      return value < until;
    default:
      return value >= from && value < until;
  }
}

function sizes(value: string, text: string): Span {
  const [first = '', last = first] = value.split('..');
  const span = { from: Number(first), until: Number(last) + 1 };
  if (Number.isNaN(span.from + span.until)) throw syntaxError(text, `'${value}' is no size`);
  return span;
}

/** A day or a range of days, in UTC; an instant where a time is given. */
function days(value: string, now: Date, text: string): Span {
  const midnight = Math.floor(now.getTime() / dayMs) * dayMs;
  if (/^today$/i.test(value)) return { from: midnight, until: midnight + dayMs };
  if (/^yesterday$/i.test(value)) return { from: midnight - dayMs, until: midnight };
  const [first = '', last = first] = value.split('..');
  const [from, end] = [day(first), day(last)];
  if (from === undefined || end === undefined) throw syntaxError(text, `'${value}' is no date`);
  return { from, until: end + (last.includes('T') ? 1 : dayMs) };
}

function day(value: string): number | undefined {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return Date.parse(value);
  const iso = /^(\d{4})-(\d\d?)-(\d\d?)$/.exec(value);
  const american = /^(\d\d?)\/(\d\d?)\/(\d{4})$/.exec(value);
  if (iso) return Date.UTC(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
  if (american) return Date.UTC(Number(american[3]), Number(american[1]) - 1, Number(american[2]));
  return undefined;
}
