/** Puts together what a research gives back. Addresses come from pages that were read, never from the model. */
import { limits } from '#contracts/limits.ts';
import type { Usage } from '#contracts/goal.ts';
import type { Claim, ResearchOutput } from '#contracts/schemas/research.ts';
import type { ResearchWorkflow } from '#contracts/workflows.ts';
import type { ReadSource, Unread } from './pages.ts';

/** Claims with quotes, and what was dropped. */
export type Evidence = {
  readonly claims: Claim[];
  readonly dropped: readonly string[];
  /** Questions for which no page could be read and understood. */
  readonly unanswered: readonly string[];
};

/** Everything the steps left. */
export type ResearchParts = {
  readonly questions: readonly string[];
  readonly sources: readonly ReadSource[];
  readonly unread: readonly Unread[];
  readonly evidence: Evidence;
  /** `cited[i]` is the number, from 1, of the claim behind citation i + 1. */
  readonly synthesis: {
    readonly summary: string;
    readonly cited: readonly number[];
    readonly dropped: readonly string[];
  };
  readonly usage: Usage;
};

const namedMax = 10;

/** Builds the result of researchWorkflow. */
export function writeOutput(parts: ResearchParts): Awaited<ReturnType<ResearchWorkflow>> {
  const { sources, unread, evidence, synthesis, usage } = parts;
  const pages = new Map(sources.map(({ page }) => [page.documentId, page]));
  const citations = synthesis.cited.flatMap((number, i): ResearchOutput['citations'] => {
    const claim = evidence.claims[number - 1];
    const page = claim === undefined ? undefined : pages.get(claim.documentId);
    if (claim === undefined || page === undefined) return [];
    const { url, title, documentId } = page;
    return [{ number: i + 1, url, title, quote: claim.quote, documentId }];
  });
  const output: ResearchOutput = {
    summary: [synthesis.summary || nothingFound(sources.length), ...gaps(evidence.unanswered)]
      .join(' ')
      .slice(0, limits.researchSummaryMaxChars + 2_000),
    citations,
    dropped: cut([...evidence.dropped, ...synthesis.dropped]),
    unread: unread.slice(0, namedMax),
  };
  const origins = sources.map(({ page: { url, title } }) => ({
    kind: 'page' as const,
    label: `${hostOf(url)}: ${title}`.slice(0, 200),
    ref: url,
  }));
  return { output, origins, usage };
}

function nothingFound(pages: number): string {
  if (pages === 0) return 'No page about this could be read, so there is nothing to report.';
  return `None of the ${pages} pages that were read supports an answer.`;
}

function gaps(unanswered: readonly string[]): string[] {
  return unanswered.map((question) => `No page could be read about: ${question}`);
}

function cut(sentences: readonly string[]): string[] {
  const kept = sentences.slice(0, namedMax).map((sentence) => sentence.slice(0, 250));
  const more = sentences.length - kept.length;
  return more > 0 ? [...kept, `and ${more} more.`] : kept;
}

function hostOf(url: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? url;
}
