/**
 * Writes a mail query for Graph, so that Graph finds at least the messages the query means;
 * query-match.ts decides which of them count. `$search` and `$filter` exclude each other: words go to
 * the index, marks and dates to the filter, and what neither can say is left to the matcher.
 * @see https://learn.microsoft.com/en-us/graph/search-query-parameter
 */
import { query } from '../microsoft/client.ts';
import type { MailQuery, MailTerm } from './query.ts';

/** Graph's names of the folders a query can name. */
export const wellKnownFolders = {
  inbox: 'inbox',
  archive: 'archive',
  sent: 'sentitems',
  drafts: 'drafts',
  spam: 'junkemail',
  trash: 'deleteditems',
} as const;

type Condition = string | null;

/** What a query's words stand for in this mailbox. */
export type QueryTerms = {
  /** The owner's address: who wrote what was sent. */
  readonly account: string;
  /** Categories whose names are the same label as a query's. */
  readonly categoriesCalled: (label: string) => readonly string[];
};

/**
 * The collection to read, newest first. `more` is the query string of everything else that is asked
 * for, already encoded.
 */
export function toGraphPath(wanted: MailQuery, terms: QueryTerms, more: string): string {
  const folder = folderOf(wanted);
  const messages = folder === null ? '/me/messages' : `/me/mailFolders/${folder}/messages`;
  const words = hasWords(wanted) ? toKql(wanted, terms) : null;
  // Results of a search come newest first; they take no order.
  if (words !== null) return `${messages}?${more}&${query({ $search: `"${escaped(words)}"` })}`;
  const filter = toFilter(wanted, terms);
  const order = { $orderby: 'receivedDateTime desc' };
  if (filter === null) return `${messages}?${more}&${query(order)}`;
  // What is ordered by must stand first in the filter, or Graph calls it too complex.
  const always = 'receivedDateTime ge 1900-01-01T00:00:00Z';
  return `${messages}?${more}&${query({ $filter: `${always} and ${filter}`, ...order })}`;
}

/** The folder that everything a query means lies in, or null. */
function folderOf(wanted: MailQuery): string | null {
  const parts = wanted.kind === 'and' ? wanted.parts : [wanted];
  for (const part of parts) {
    // What was sent counts wherever it lies.
    if (part.kind === 'in' && part.folder !== 'anywhere' && part.folder !== 'sent') {
      return wellKnownFolders[part.folder];
    }
  }
  return null;
}

function hasWords(wanted: MailQuery): boolean {
  switch (wanted.kind) {
    case 'and':
    case 'or':
      return wanted.parts.some(hasWords);
    case 'not':
      return false;
    default:
      return wanted.kind === 'text' || wanted.kind === 'filename';
  }
}

/** A condition of KQL; null stands for everything. */
function toKql(wanted: MailQuery, terms: QueryTerms): Condition {
  switch (wanted.kind) {
    case 'and':
    case 'or':
      return joined(wanted, (part) => toKql(part, terms), wanted.kind.toUpperCase());
    case 'not':
      // The index knows words in more forms than the query means, so it would leave too much out.
      return null;
    default:
      return kqlTerm(wanted, terms);
  }
}

function kqlTerm(term: MailTerm, { account }: QueryTerms): Condition {
  switch (term.kind) {
    case 'text': {
      const phrase = kqlPhrase(term.value);
      if (phrase === null) return null;
      // Without a property KQL looks at sender, subject and body only.
      if (term.field === 'any') return `(${phrase} OR recipients:${phrase})`;
      return `${term.field}:${phrase}`;
    }
    case 'filename': {
      const phrase = kqlPhrase(term.value);
      return phrase === null ? null : `attachment:${phrase}`;
    }
    case 'hasAttachment':
      return 'hasAttachments:true';
    case 'after':
      return `received>=${instant(Math.floor(term.ms / 1_000))}`;
    case 'before':
      return `received<${instant(Math.ceil(term.ms / 1_000))}`;
    case 'in':
      return term.folder === 'sent' ? `from:"${account}"` : null;
    case 'label':
    case 'is':
      return null;
    default:
      return term satisfies never;
  }
}

/** A value as KQL takes it, in quotes so that no word of it is an operator; null for no words. */
function kqlPhrase(value: string): string | null {
  const plain = value.replace(/["\\*]/g, ' ').trim();
  return /[\p{L}\p{N}]/u.test(plain) ? `"${plain}"` : null;
}

/** KQL stands in quotes itself. */
function escaped(kql: string): string {
  return kql.replace(/["\\]/g, '\\$&');
}

/** A condition of OData; null stands for everything. */
function toFilter(wanted: MailQuery, terms: QueryTerms): Condition {
  const inner = (part: MailQuery) => toFilter(part, terms);
  switch (wanted.kind) {
    case 'and':
    case 'or':
      return joined(wanted, inner, wanted.kind);
    case 'not':
      return negated(wanted.part, inner);
    default:
      return filterTerm(wanted, terms);
  }
}

function negated(part: MailQuery, inner: (part: MailQuery) => Condition): Condition {
  switch (part.kind) {
    case 'not':
      return inner(part.part);
    case 'after':
      return inner({ kind: 'before', ms: part.ms });
    case 'before':
      return inner({ kind: 'after', ms: part.ms });
    case 'is':
      if (part.mark === 'starred') return "flag/flagStatus ne 'flagged'";
      return inner({ kind: 'is', mark: part.mark === 'read' ? 'unread' : 'read' });
    case 'hasAttachment':
      return 'hasAttachments eq false';
    default:
      return null;
  }
}

function filterTerm(term: MailTerm, { account, categoriesCalled }: QueryTerms): Condition {
  switch (term.kind) {
    case 'is':
      if (term.mark === 'starred') return "flag/flagStatus eq 'flagged'";
      return `isRead eq ${term.mark === 'read'}`;
    case 'hasAttachment':
      return 'hasAttachments eq true';
    case 'after':
      return `receivedDateTime ge ${instant(Math.floor(term.ms / 1_000))}`;
    case 'before':
      return `receivedDateTime lt ${instant(Math.ceil(term.ms / 1_000))}`;
    case 'label': {
      const names = categoriesCalled(term.value).map((name) => `c eq ${quoted(name)}`);
      return names.length === 0 ? null : `categories/any(c:${names.join(' or ')})`;
    }
    case 'in':
      return term.folder === 'sent' ? `from/emailAddress/address eq ${quoted(account)}` : null;
    case 'text':
    case 'filename':
      return null;
    default:
      return term satisfies never;
  }
}

/** Conditions of `and` leave out what cannot be said; an `or` with such a part says nothing. */
function joined(
  { kind, parts }: Extract<MailQuery, { kind: 'and' | 'or' }>,
  inner: (part: MailQuery) => Condition,
  operator: string,
): Condition {
  const conditions = parts.map(inner);
  const said = conditions.filter((condition) => condition !== null);
  if (said.length === 0 || (kind === 'or' && said.length < conditions.length)) return null;
  return said.length === 1 ? (said[0] ?? null) : `(${said.join(` ${operator} `)})`;
}

/** A string of OData. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function instant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
