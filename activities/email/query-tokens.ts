/** Cuts a mail query into its signs, words and operators. Knows nothing of what operators mean. */
import { failure } from '../failures.ts';

/** One piece of a query. A word is `attached` when it follows an operator without a space. */
export type Token =
  | { readonly kind: 'word'; readonly value: string; readonly attached: boolean }
  | { readonly kind: 'operator'; readonly name: string }
  | { readonly kind: 'open' | 'close' | 'or' | 'not' };

/** A sign, an operator, a phrase, or a word; a value after an operator may begin with a minus. */
const free = /(-)(?=\S)|([()])|([a-z_]+):(?=[^\s:])|"([^"]*)"|([^\s()"]+)/iy;
const value = /(\()|"([^"]*)"|([^\s()"]+)/y;

/** The pieces of a query, in order. @throws InvalidInputError for a quote that is not closed */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // The curly quotes of word processors mean the same.
  const query = text.replace(/[“”„]/g, '"');
  let at = 0;
  let attached = false;
  while (at < query.length) {
    if (/\s/.test(query.charAt(at))) {
      at += 1;
      attached = false;
      continue;
    }
    const found: Found = attached ? readValue(query, at) : readFree(query, at);
    if (found === undefined) {
      throw failure('InvalidInputError', 'The mail query has a quote that is not closed.');
    }
    at = found.end;
    attached = found.token.kind === 'operator';
    tokens.push(found.token);
  }
  return tokens;
}

type Found = { readonly token: Token; readonly end: number } | undefined;

function readValue(query: string, at: number): Found {
  value.lastIndex = at;
  const found = value.exec(query);
  if (found === null) return undefined;
  const end = value.lastIndex;
  const [, open, phrase, word] = found;
  if (open !== undefined) return { token: { kind: 'open' }, end };
  return { token: { kind: 'word', value: phrase ?? word ?? '', attached: true }, end };
}

function readFree(query: string, at: number): Found {
  free.lastIndex = at;
  const found = free.exec(query);
  if (found === null) return undefined;
  const end = free.lastIndex;
  const [, minus, bracket, name, phrase, word] = found;
  if (minus !== undefined) return { token: { kind: 'not' }, end };
  if (bracket !== undefined) return { token: { kind: bracket === '(' ? 'open' : 'close' }, end };
  if (name !== undefined) return { token: { kind: 'operator', name: name.toLowerCase() }, end };
  if (phrase === undefined && word?.toLowerCase() === 'or') return { token: { kind: 'or' }, end };
  return { token: { kind: 'word', value: phrase ?? word ?? '', attached: false }, end };
}
