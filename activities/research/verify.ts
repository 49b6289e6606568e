/**
 * Checks by code what the model says about pages: quotes must stand in the page, figures must stand
 * in the quote, and every sentence must rest on a kept claim. Pure; it never mends, it only drops.
 */
import { limits } from '#contracts/limits.ts';
import type { Claim, PageSummary } from '#contracts/schemas/research.ts';
import { oneLine } from './page-text.ts';

/** Shorter quotes would support anything. */
const quoteMinChars = 12;

/** A claim as the model returned it, with the stored text of every page it was shown. */
export type ShownPage = PageSummary & { readonly content: string };

/** What was kept, and why the rest was not: one sentence each, for people. */
export type CheckedClaims = { readonly claims: Claim[]; readonly dropped: string[] };

/** Keeps the claims whose quote stands literally in the page they name. */
export function checkClaims(
  proposed: readonly Claim[],
  pages: readonly ShownPage[],
): CheckedClaims {
  const claims: Claim[] = [];
  const dropped: string[] = [];
  for (const { claim: text, quote: words, documentId } of proposed) {
    const claim = oneLine(text, 600);
    const quote = oneLine(words, limits.researchQuoteMaxChars);
    const page = pages.find((shown) => shown.documentId === documentId);
    const drop = (why: string) => dropped.push(`"${claim.slice(0, 120)}": ${why}`);
    if (claim === '') continue;
    if (page === undefined) drop('it names a page that was not read.');
    else if (quote.length < quoteMinChars) drop('its quote is too short to support it.');
    else if (!occursIn(quote, page.content)) drop('its quote does not stand in the page.');
    else if (missingFigures(claim, quote).length > 0) {
      drop(`the quote does not hold ${missingFigures(claim, quote).join(', ')}.`);
    } else if (!claims.some((kept) => kept.quote === quote && kept.documentId === documentId)) {
      claims.push({ claim, quote, documentId });
    }
    if (claims.length === limits.researchClaimsPerQuestion) break;
  }
  return { claims, dropped };
}

/** One sentence of a synthesis with the numbers of the claims it rests on, counted from 1. */
export type Sentence = { readonly text: string; readonly claims: readonly number[] };

/** A synthesis with citations numbered 1, 2, 3 …; `cited[i]` is the claim behind citation i + 1. */
export type CheckedSynthesis = {
  readonly summary: string;
  readonly cited: number[];
  readonly dropped: string[];
};

/** Keeps the sentences that rest on kept claims alone, and writes their citations. */
export function checkSynthesis(
  sentences: readonly Sentence[],
  claims: readonly Claim[],
): CheckedSynthesis {
  const cited: number[] = [];
  const dropped: string[] = [];
  let summary = '';
  for (const sentence of sentences) {
    const { text, numbers } = separateCitations(sentence);
    if (text === '') continue;
    const problem = problemOf(text, numbers, claims);
    if (problem !== undefined) {
      dropped.push(`"${text.slice(0, 120)}": ${problem}`);
      continue;
    }
    const known = [...cited];
    for (const number of numbers) if (!known.includes(number)) known.push(number);
    const marks = numbers.map((number) => `[${known.indexOf(number) + 1}]`).join('');
    const next = `${summary === '' ? '' : ' '}${text} ${marks}`;
    if (summary.length + next.length > limits.researchSummaryMaxChars) {
      dropped.push(`"${text.slice(0, 120)}": the summary is long enough without it.`);
      continue;
    }
    summary += next;
    cited.splice(0, cited.length, ...known);
  }
  return { summary, cited, dropped };
}

/** True when the words stand in the text, white space and typographic quotes aside. */
export function occursIn(quote: string, text: string): boolean {
  return normalized(text).includes(normalized(quote));
}

/** A model may write citations into the text as well; they count as its claims. */
function separateCitations({ text, claims }: Sentence): { text: string; numbers: number[] } {
  const marks = /\s*\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]/g;
  const written = [...text.matchAll(marks)].flatMap(([, list]) => (list ?? '').split(','));
  const numbers = new Set([...claims, ...written.map(Number)]);
  return {
    text: oneLine(text.replace(marks, ''), 1_000),
    numbers: [...numbers].sort((a, b) => a - b),
  };
}

function problemOf(
  text: string,
  numbers: readonly number[],
  claims: readonly Claim[],
): string | undefined {
  if (numbers.length === 0) return 'it cites nothing.';
  const unknown = numbers.filter((number) => claims[number - 1] === undefined);
  if (unknown.length > 0) return `it cites ${unknown.join(', ')}, which is no kept claim.`;
  // Addresses belong in the citations, where only pages that were read can stand.
  if (/\b(?:https?:|www\.)\S/i.test(text)) return 'it holds a web address.';
  const support = numbers
    .map((number) => `${claims[number - 1]?.claim} ${claims[number - 1]?.quote}`)
    .join(' ');
  const missing = missingFigures(text, support);
  return missing.length > 0 ? `its claims do not hold ${missing.join(', ')}.` : undefined;
}

/** Figures of a statement that its support does not hold. "4,000" and "4 000" are the same. */
function missingFigures(statement: string, support: string): string[] {
  const held = new Set(figures(support));
  return [...new Set(figures(statement))].filter((figure) => !held.has(figure));
}

function figures(text: string): string[] {
  const joined = normalized(text).replace(/(?<=\d)[, '](?=\d{3}(?!\d))/g, '');
  return joined.match(/\d+(?:[.,]\d+)*/g) ?? [];
}

function normalized(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟]/g, '"')
    .replace(/[‐-―−]/g, '-')
    .toLowerCase()
    .trim();
}
