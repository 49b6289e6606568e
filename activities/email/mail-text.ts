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
  // Whatever is nested in a way that is not foreseen below ends here, and not the caller's stack.
  limits: { maxDepth: depthMax },
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
  const head = withoutComments(html.slice(0, htmlMaxChars));
  return tidy(isTooDeep(head) ? bareWords(head) : convert(head, how));
}

/** Comments go first: what stands in them is nested for nobody but would be counted. Linear. */
function withoutComments(html: string): string {
  const [first = '', ...rest] = html.split('<!--');
  const shown = rest.map((piece) => {
    const end = piece.indexOf('-->');
    return end === -1 ? '' : piece.slice(end + 3);
  });
  return first + shown.join('');
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
export function ownPartOf(text: string): string {
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

/** Elements without content. */
const empty = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
/** Elements whose content is text, up to their own end. */
const textOnly = new Set('script style textarea title'.split(' '));
/** Elements that end where the next of their kind begins, as the converter's parser has it. */
const endedBy: Readonly<Record<string, readonly string[]>> = {
  p: ['p'],
  li: ['li'],
  dt: ['dt', 'dd'],
  dd: ['dt', 'dd'],
  td: ['td', 'th'],
  th: ['th'],
  tr: ['tr', 'td', 'th'],
};
/** A tag with its attributes, whose values may hold what looks like tags. */
const tag = /<(\/?)([a-z][^\s/<>]*)(?:[^<>"']|"[^"]*"|'[^']*')*/gi;

/**
 * Whether elements nest too deep. An end counts only where such an element is open: the parser passes
 * over others, so what they seem to close stays open.
 */
function isTooDeep(html: string): boolean {
  const open: string[] = [];
  tag.lastIndex = 0;
  for (let found = tag.exec(html); found !== null; found = tag.exec(html)) {
    const [, slash, written = ''] = found;
    const name = written.toLowerCase();
    if (slash !== '/' && textOnly.has(name)) {
      const end = new RegExp(`</${name}`, 'gi');
      end.lastIndex = tag.lastIndex;
      if (!end.test(html)) return false;
      tag.lastIndex = end.lastIndex;
      continue;
    }
    if (slash === '/') {
      const at = open.lastIndexOf(name);
      if (at !== -1) open.length = at;
      continue;
    }
    if (empty.has(name)) continue;
    while (endedBy[name]?.includes(open.at(-1) ?? '') === true) open.pop();
    if (open.push(name) > depthMax) return true;
  }
  return false;
}

function tidy(text: string): string {
  return text.replace(/\r\n?/g, '\n').replaceAll('\u0000', '').toWellFormed();
}
