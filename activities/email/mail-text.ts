/**
 * A message's readable text, whole and without what it quotes of earlier mail. The HTML is taken
 * where there is one: it is what people are shown, and the only form every provider gives. Hostile
 * input costs bounded time; what is cut for that is cut from the end.
 */
import EmailReplyParser from 'email-reply-parser';
import { convert, type HtmlToTextOptions } from 'html-to-text';

/** The bodies of a message; empty where it has none. */
export type MailBodies = { readonly plain: string; readonly html: string };

/** Larger HTML is cut: a newsletter has some 100,000 characters. */
const htmlMaxChars = 1_000_000;
/**
 * Deeper HTML is read as its bare words. Measured 2026-11-21: the converter needs 47 s for 200,000
 * nested elements, mail of real programs nests some 40.
 */
const depthMax = 200;
/**
 * What quotes are looked for in, and how much of a line. Measured 2026-11-21: the parser's patterns
 * need 8 s for 20,000 hostile characters and 40 s for one hostile line of 5,000.
 */
const quoteMaxChars = 6_000;
const lineMaxChars = 300;

const options: HtmlToTextOptions = {
  wordwrap: false,
  selectors: [
    { selector: 'img', format: 'skip' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
  ],
};

/**
 * What mail programs put quoted mail into: Gmail, Apple Mail and Thunderbird, Yahoo, Proton. Outlook
 * prefixes ids and classes of mail it shows by `x_`.
 */
const withoutQuotes: HtmlToTextOptions = {
  ...options,
  selectors: [
    ...(options.selectors ?? []),
    ...[
      'hr',
      '.gmail_quote',
      '.x_gmail_quote',
      'blockquote[type=cite]',
      '.moz-cite-prefix',
      '.yahoo_quoted',
      '.protonmail_quote',
    ].map((selector) => ({ selector, format: 'skip' })),
  ],
};

/** Outlook puts no container around what it quotes: everything after one of these is. */
const outlookDivider =
  /<[a-z]+\s[^<>]{0,200}?\bid=["']?(?:x_)?(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container)\b/i;

const replies = new EmailReplyParser();

/** The text of a message and its own part. */
export function mailText({ plain, html }: MailBodies): { text: string; ownText: string } {
  if (html.trim() === '') {
    const text = tidy(plain);
    return { text, ownText: ownPartOf(text) };
  }
  const divider = html.search(outlookDivider);
  const own = divider === -1 ? html : html.slice(0, divider);
  return { text: htmlText(html), ownText: ownPartOf(htmlText(own, withoutQuotes)) };
}

/** HTML as text. */
export function htmlText(html: string, how: HtmlToTextOptions = options): string {
  const head = html.slice(0, htmlMaxChars);
  return tidy(isTooDeep(head) ? bareWords(head) : convert(head, how));
}

/** The words between the tags, without scripts and styles; in linear time. */
function bareWords(html: string): string {
  const [first = '', ...rest] = html.split(/<(?:script|style)\b/i);
  const shown = rest.map((piece) => {
    const end = piece.search(/<\/(?:script|style)\b/i);
    return end === -1 ? '' : piece.slice(end);
  });
  return [first, ...shown]
    .join(' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

/** What the writer wrote above and between the lines that are quoted; all of it if all is quoted. */
function ownPartOf(text: string): string {
  const whole = text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n');
  const tails: string[] = [];
  const head = whole
    .slice(0, quoteMaxChars)
    .replace(/[\ue000\ue001]/g, '')
    .replace(lineTails, (tail) => `\ue000${tails.push(tail) - 1}\ue001`);
  const fragments = replies.read(head).getFragments();
  const own = fragments
    .filter((fragment) => !fragment.isQuoted())
    .map((fragment) => fragment.getContent())
    .join('\n')
    .replace(/\ue000(\d+)\ue001/g, (_, index: string) => tails[Number(index)] ?? '');
  // What was not looked at goes on as the last part that was.
  const rest = fragments.at(-1)?.isQuoted() === true ? '' : whole.slice(quoteMaxChars);
  return (own + rest).trim() || text.trim();
}

/** What of a long line the parser does not see; private-use characters stand for it. */
const lineTails = new RegExp(`(?<=^.{${lineMaxChars}}).+$`, 'gm');

/** Elements that end where the next of their kind begins, or have no content. */
const shallow = new Set(
  'p li td tr th dt dd br img hr input meta link col area base wbr source'.split(' '),
);

function isTooDeep(html: string): boolean {
  let depth = 0;
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b/gi)) {
    if (shallow.has(name.toLowerCase())) continue;
    depth = slash === '/' ? Math.max(0, depth - 1) : depth + 1;
    if (depth > depthMax) return true;
  }
  return false;
}

function tidy(text: string): string {
  return text.replace(/\r\n?/g, '\n').replaceAll('\u0000', '').toWellFormed();
}
