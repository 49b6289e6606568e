/**
 * Replies and forwards as Outlook begins them: recipients, subject, quoted original and the
 * headers that keep the thread. It stores and sends nothing.
 */
import { treeOf } from '../mail/mailbox.ts';
import { addressText, type Composition } from '../mail/mime-compose.ts';
import { header, type Mailbox, mailboxes, messageIds, withoutMarks } from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { emptyDraft, filesIn } from './mail-compose.ts';
import { escapeHtml, htmlText, textAsHtml } from './mail-views.ts';

/** How a message is answered. */
export type AnswerKind = 'reply' | 'replyAll' | 'forward';

/** The draft that answers a message, with a comment above the original. */
export function beginAnswer(
  office: Office,
  owner: Person,
  original: StoredMessage,
  kind: AnswerKind,
  comment: string,
): Composition {
  const tree = treeOf(original);
  const { headers } = tree;
  const subject = withoutMarks(header(headers, 'Subject'));
  return {
    ...emptyDraft(office, owner),
    ...addressees(owner, original, kind),
    subject: `${kind === 'forward' ? 'FW' : 'RE'}: ${subject}`,
    references: citedBy(original),
    html: quoted(original, comment),
    attachments: kind === 'forward' ? filesIn(tree) : [],
  };
}

/** The messages an answer cites: what the original cites, then the original. */
export function citedBy(original: StoredMessage): string[] {
  const { headers } = treeOf(original);
  const earlier = messageIds(header(headers, 'References'));
  return [...new Set([...earlier, ...messageIds(header(headers, 'Message-ID'))])];
}

/** Whom an answer goes to: nobody yet when it forwards. */
export function addressees(
  owner: Person,
  original: StoredMessage,
  kind: AnswerKind,
): { to: string; cc: string } {
  if (kind === 'forward') return { to: '', cc: '' };
  const { headers } = treeOf(original);
  const named = (name: string): Mailbox[] => mailboxes(header(headers, name));
  const back = named('Reply-To').length > 0 ? named('Reply-To') : named('From');
  const others = (list: Mailbox[]): Mailbox[] =>
    list.filter(({ address }) => address !== owner.email);
  // Whoever answers their own mail goes on writing to the people it went to.
  const first = others(back).length > 0 ? others(back) : named('To');
  if (kind === 'reply') return { to: addressText(first), cc: '' };
  const seen = new Set<string>();
  const once = (list: Mailbox[]): Mailbox[] =>
    list.filter(({ address }) => !seen.has(address) && seen.add(address));
  const to = once([...first, ...others(named('To'))]);
  return { to: addressText(to), cc: addressText(once(others(named('Cc')))) };
}

function quoted(original: StoredMessage, comment: string): string {
  const { headers } = treeOf(original);
  const lines = (['From', 'Date', 'To', 'Cc', 'Subject'] as const).flatMap((name) => {
    const value = header(headers, name);
    const label = name === 'Date' ? 'Sent' : name;
    return value === undefined ? [] : [`<b>${label}:</b> ${escapeHtml(value)}`];
  });
  const head = `<hr tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">${lines.join('<br>')}</div>`;
  const above = comment === '' ? '' : inner(textAsHtml(comment));
  const whole = inner(htmlText(treeOf(original)));
  return `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>${above}${head}${whole}</body></html>`;
}

function inner(html: string): string {
  return /<body\b[^>]*>([\s\S]*)<\/body>/i.exec(html)?.[1] ?? html;
}
