/**
 * What a mail query means, as a pure function over messages. Providers' indexes only find candidates;
 * a message counts when it matches here, so the same mailbox gives the same result on every provider.
 */
import type { MailAddress, MailMessage } from './port.ts';
import type { MailQuery, MailTerm, TextField } from './query.ts';

/** What of a message a query looks at. */
export type SearchedMail = Pick<
  MailMessage,
  | 'from'
  | 'to'
  | 'cc'
  | 'subject'
  | 'text'
  | 'labels'
  | 'folder'
  | 'sent'
  | 'unread'
  | 'starred'
  | 'attachments'
  | 'dateMs'
>;

/** Whether a message matches. Spam and trash only count where the query names them. */
export function matchesMail(query: MailQuery, mail: SearchedMail): boolean {
  const hidden = mail.folder === 'spam' || mail.folder === 'trash';
  return (!hidden || reachesHidden(query)) && matches(query, mail);
}

/** Whether a query itself reaches into spam or trash. */
export function reachesHidden(query: MailQuery): boolean {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.parts.some(reachesHidden);
    case 'not':
      return false;
    case 'in':
      return ['spam', 'trash', 'anywhere'].includes(query.folder);
    default:
      return false;
  }
}

function matches(query: MailQuery, mail: SearchedMail): boolean {
  switch (query.kind) {
    case 'and':
      return query.parts.every((part) => matches(part, mail));
    case 'or':
      return query.parts.some((part) => matches(part, mail));
    case 'not':
      return !matches(query.part, mail);
    default:
      return matchesTerm(query, mail);
  }
}

function matchesTerm(term: MailTerm, mail: SearchedMail): boolean {
  switch (term.kind) {
    case 'text':
      return textsOf(term.field, mail).some((text) => hasWords(text, term.value));
    case 'filename':
      return mail.attachments.some(({ name }) => hasWords(name, term.value));
    case 'label':
      return mail.labels.some((label) => isSameLabel(label, term.value));
    case 'in':
      if (term.folder === 'anywhere') return true;
      // A mail to oneself lies in the inbox and among the sent.
      return term.folder === 'sent' ? mail.sent : mail.folder === term.folder;
    case 'is':
      if (term.mark === 'starred') return mail.starred;
      return mail.unread === (term.mark === 'unread');
    case 'hasAttachment':
      return mail.attachments.some(({ inline }) => !inline);
    case 'after':
      return mail.dateMs >= term.ms;
    case 'before':
      return mail.dateMs < term.ms;
    default:
      return term satisfies never;
  }
}

/** Whether two names are the same label: case, spaces and the signs `/` and `-` do not matter. */
export function isSameLabel(one: string, other: string): boolean {
  return labelKey(one) === labelKey(other);
}

/** A label's name as labels are compared, and as Gmail writes it in a query. */
export function labelKey(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s/-]+/g, '-');
}

function textsOf(field: TextField, mail: SearchedMail): string[] {
  const people = (addresses: readonly MailAddress[]): string[] =>
    addresses.flatMap(({ name, email }) => [name ?? '', email]);
  switch (field) {
    case 'from':
      return people([mail.from]);
    case 'to':
      return people(mail.to);
    case 'cc':
      return people(mail.cc);
    case 'subject':
      return [mail.subject];
    case 'any':
      return [...people([mail.from, ...mail.to, ...mail.cc]), mail.subject, mail.text];
    default:
      return field satisfies never;
  }
}

/** Whether the words of a phrase stand next to each other in a text, each whole. */
function hasWords(text: string, phrase: string): boolean {
  const wanted = wordsOf(phrase);
  return wanted.trim() === '' || wordsOf(text).includes(wanted);
}

/** Words in lower case, without accents, one space around each. */
function wordsOf(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  return ` ${plain.replace(/[^\p{L}\p{N}]+/gu, ' ').trim()} `;
}
