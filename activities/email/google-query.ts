/**
 * Writes a mail query in Gmail's search language, so that Gmail finds at least the messages the
 * query means; query-match.ts decides which of them count.
 * @see https://support.google.com/mail/answer/7190
 */
import type { MailQuery, MailTerm } from './query.ts';
import { labelKey } from './query-match.ts';

/** The `q` parameter; empty for a query that matches everything. */
export function toGmailQuery(query: MailQuery): string {
  switch (query.kind) {
    case 'and':
      return query.parts.map(grouped).filter(Boolean).join(' ');
    case 'or':
      // Gmail reads an empty alternative as a word, so one that matches everything takes the rest along.
      return query.parts.some((part) => toGmailQuery(part) === '')
        ? ''
        : query.parts.map(grouped).join(' OR ');
    case 'not':
      return negated(query.part);
    default:
      return term(query);
  }
}

function grouped(query: MailQuery): string {
  const text = toGmailQuery(query);
  const isGroup = query.kind === 'or' || query.kind === 'and';
  return isGroup && text.includes(' ') ? `(${text})` : text;
}

function negated(query: MailQuery): string {
  if (query.kind === 'not') return grouped(query.part);
  if (query.kind === 'after') return term({ kind: 'before', ms: query.ms });
  if (query.kind === 'before') return term({ kind: 'after', ms: query.ms });
  const text = grouped(query);
  // What Gmail cannot say alone it cannot say negated: the matcher leaves it out.
  if (text === '' || text.includes('(-') || text.startsWith('-')) return '';
  return text.startsWith('(') || !text.includes(' ') || isOneTerm(query)
    ? `-${text}`
    : `-(${text})`;
}

function isOneTerm({ kind }: MailQuery): boolean {
  return kind !== 'and' && kind !== 'or' && kind !== 'not';
}

function term(term: MailTerm): string {
  switch (term.kind) {
    case 'text':
      return quoted(term.value, term.field === 'any' ? '' : `${term.field}:`);
    case 'filename':
      return quoted(term.value, 'filename:');
    case 'label':
      return `label:${labelKey(term.value)}`;
    case 'in':
      // Gmail has no archive: it is what lies nowhere else.
      return term.folder === 'archive'
        ? '(-in:inbox -in:sent -in:drafts -in:spam -in:trash)'
        : `in:${term.folder}`;
    case 'is':
      return `is:${term.mark}`;
    case 'hasAttachment':
      return 'has:attachment';
    case 'after':
      // Whole seconds, rounded so that nothing that matches is left out.
      return `after:${Math.floor(term.ms / 1_000)}`;
    case 'before':
      return `before:${Math.ceil(term.ms / 1_000)}`;
    default:
      return term satisfies never;
  }
}

/** A phrase; one without words matches everything, as the matcher has it. */
function quoted(value: string, operator: string): string {
  return /[\p{L}\p{N}]/u.test(value) ? `${operator}"${value.replaceAll('"', ' ')}"` : '';
}
