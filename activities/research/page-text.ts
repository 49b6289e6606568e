/**
 * Turns a page into the text a person would read: no scripts, no menus, no link targets. Pure; what
 * the text says is not believed.
 */
import { compile } from 'html-to-text';
import type { Fetched } from './http-get.ts';

const menus = ['nav', 'body > header', 'body > footer', 'aside', 'form', 'button', 'svg', 'img'];
const unseen = ['head', 'script', 'style', 'noscript', 'template', 'iframe', '[hidden]'];
const plain = { uppercase: false };

const toText = compile({
  wordwrap: false,
  limits: { maxInputLength: 4 * 1024 * 1024, maxDepth: 200 },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: plain })),
    { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
    ...[...menus, ...unseen].map((selector) => ({ selector, format: 'skip' })),
  ],
});

/** The title and the whole text of a page. */
export function pageText({ url, contentType, body }: Fetched): { title: string; text: string } {
  const host = new URL(url).host;
  if (!contentType.includes('html')) return { title: host, text: clean(body) };
  const title = /<title[^>]*>([^<]{1,1000})/i.exec(body)?.[1] ?? '';
  return { title: oneLine(toText(title), 200) || host, text: clean(toText(body)) };
}

/** One line without control or direction characters, for labels people read. */
export function oneLine(text: string, maxChars: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, maxChars)
    .toWellFormed();
}

function clean(text: string): string {
  return text
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
