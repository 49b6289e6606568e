/** Reads pages in parallel. A page that fails is replaced by the next candidate and named. */
import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { StepContext } from '#contracts/activities.ts';
import type { PageSummary } from '#contracts/schemas/research.ts';
import { optionsFor, researchActivities } from './proxies.ts';
import type { Candidate } from './rank.ts';

/** A page that was read, with the indices of the questions it was found for. */
export type ReadSource = { readonly page: PageSummary; readonly questions: readonly number[] };
/** A page that could not be read. */
export type Unread = { readonly url: string; readonly reason: string };

/** Reads the best `maxPages` candidates; failures are made up for once. */
export async function readPages(
  context: StepContext,
  candidates: readonly Candidate[],
  maxPages: number,
): Promise<{ sources: ReadSource[]; unread: Unread[] }> {
  const first = await readWave(context, candidates.slice(0, maxPages));
  const missing = maxPages - first.sources.length;
  const second = await readWave(context, candidates.slice(maxPages, maxPages + missing));
  return {
    sources: mergeSources([...first.sources, ...second.sources]),
    unread: [...first.unread, ...second.unread],
  };
}

async function readWave(context: StepContext, candidates: readonly Candidate[]) {
  const sources: ReadSource[] = [];
  const unread: Unread[] = [];
  const outcomes = await Promise.allSettled(
    candidates.map(({ url }) =>
      researchActivities().fetchSource.executeWithOptions(optionsFor('page', `Read ${url}`), [
        { context, url },
      ]),
    ),
  );
  candidates.forEach(({ url, questions }, i) => {
    const outcome = outcomes[i];
    if (outcome?.status === 'fulfilled') sources.push({ page: outcome.value, questions });
    else if (isCancellation(outcome?.reason)) throw outcome?.reason;
    else unread.push({ url, reason: reasonOf(outcome?.reason) });
  });
  return { sources, unread };
}

/** Two addresses may lead to one page. */
function mergeSources(sources: readonly ReadSource[]): ReadSource[] {
  const byDocument = new Map<string, ReadSource>();
  for (const { page, questions } of sources) {
    const known = byDocument.get(page.documentId)?.questions ?? [];
    const all = [...new Set([...known, ...questions])];
    byDocument.set(page.documentId, { page, questions: all });
  }
  return [...byDocument.values()];
}

/** What the activity said, or that it took too long. */
function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return (cause.message ?? '').slice(0, 200);
  return 'It took too long to answer.';
}
