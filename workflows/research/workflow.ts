/**
 * Researches one question: sub-questions, searches, pages, claims with quotes, a cited summary. A
 * page that was not read can not be cited; what could not be read or supported is named.
 */
import { isCancellation, workflowInfo } from '@temporalio/workflow';
import type { StepContext } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { Claim } from '#contracts/schemas/research.ts';
import type {
  ResearchFindings,
  ResearchWorkflow,
  ResearchWorkflowInput,
} from '#contracts/workflows.ts';
import { type Evidence, writeOutput } from './output.ts';
import { readPages } from './pages.ts';
import { showProgress } from './progress.ts';
import { optionsFor, researchActivities } from './proxies.ts';
import { rankHits } from './rank.ts';
import { needsMoreToday } from '../goal/outcome.ts';
import { pinToRelease } from '../pinned.ts';
import { createUsage, untilUsedUp, type UsageCounter } from '../usage.ts';

type Result = Awaited<ReturnType<ResearchWorkflow>>;

/** Carries one research out, as the child of a goal. */
export async function researchWorkflow(input: ResearchWorkflowInput): Promise<Result> {
  const context = contextOf(input);
  const usage = createUsage();
  const found = input.found ?? (await readSources(input, context, usage));
  const claims = [...found.claims];
  const progress = () => ({ usage: usage.total(), found: { ...found, claims } });
  return untilUsedUp(progress, () => writeUp(input.question, context, { ...found, claims }, usage));
}
pinToRelease(researchWorkflow);

/** Reads what there is about the question. */
async function readSources(
  input: ResearchWorkflowInput,
  context: StepContext,
  usage: UsageCounter,
): Promise<ResearchFindings> {
  const { question } = input;
  showProgress({ phase: 'Planning', questions: [question], read: [], unread: [] });
  const questions = await planQuestions(context, question, usage);

  showProgress({ phase: 'Searching', questions, read: [], unread: [] });
  const hits = await search(context, questions);

  showProgress({ phase: 'Reading', questions, read: [], unread: [] });
  const maxPages = Math.min(Math.max(1, input.maxPages), limits.researchPagesMax);
  const { sources, unread } = await readPages(context, rankHits(hits), maxPages);
  return { questions, sources, unread, claims: questions.map(() => null) };
}

/** Findings whose claims are being taken. */
type OpenFindings = Omit<ResearchFindings, 'claims'> & { readonly claims: Extracted[] };
type Extracted = ResearchFindings['claims'][number];

/** Takes the claims that are missing, and writes the summary. */
async function writeUp(
  question: string,
  context: StepContext,
  found: OpenFindings,
  usage: UsageCounter,
): Promise<Result> {
  const { questions, sources, unread } = found;
  const read = sources.map(({ page }) => page.title);
  showProgress({ phase: 'Collecting evidence', questions, read, unread });
  const evidence = await collectClaims(context, found, usage);

  showProgress({ phase: 'Writing', questions, read, unread });
  const pages = sources.map(({ page }) => page);
  const synthesis = await researchActivities().writeSynthesis.executeWithOptions(
    optionsFor('model', `Write a summary from ${evidence.claims.length} claims`),
    [{ context, question, claims: evidence.claims, pages }],
  );
  usage.add(synthesis.usage);

  showProgress({ phase: 'Done', questions, read, unread });
  return writeOutput({ questions, sources, unread, evidence, synthesis, usage: usage.total() });
}

function contextOf({ goalId, owner, zone = 'UTC' }: ResearchWorkflowInput): StepContext {
  const { startTime } = workflowInfo();
  return { goalId, owner, zone, stepId: 'research', now: startTime.toISOString() };
}

async function planQuestions(
  context: StepContext,
  question: string,
  usage: UsageCounter,
): Promise<readonly string[]> {
  const planned = await researchActivities().planResearch.executeWithOptions(
    optionsFor('model', 'Split the question into searches'),
    [{ context, question }],
  );
  usage.add(planned.usage);
  const questions = [...new Set(planned.questions)].slice(0, limits.researchQuestionsMax);
  return questions.length > 0 ? questions : [question];
}

/** Searches for all questions at once. */
async function search(context: StepContext, questions: readonly string[]) {
  const found = await settleSome(
    questions.map((query, i) =>
      researchActivities().searchSources.executeWithOptions(
        optionsFor('search', `Search the web, ${i + 1} of ${questions.length}`),
        [{ context, query, limit: limits.researchPagesMax }],
      ),
    ),
  );
  return found.map((result) => result?.results ?? []);
}

/** Collects claims for each question from the pages its search had found; each is kept at once. */
async function collectClaims(
  context: StepContext,
  { questions, sources, claims: extracted }: OpenFindings,
  usage: UsageCounter,
): Promise<Evidence> {
  await settleSome(
    questions.map(async (question, i) => {
      const pages = sources.filter((source) => source.questions.includes(i));
      if (pages.length === 0 || extracted[i] != null) return;
      const result = await researchActivities().extractClaims.executeWithOptions(
        optionsFor('model', `Collect evidence from ${pages.length} pages`),
        [{ context, question, pages: pages.map(({ page }) => page) }],
      );
      usage.add(result.usage);
      extracted[i] = { claims: result.claims, dropped: result.dropped };
    }),
  );
  const claims = new Map<string, Claim>();
  for (const result of extracted) {
    for (const claim of result?.claims ?? []) {
      const key = `${claim.documentId} ${claim.quote}`;
      if (!claims.has(key)) claims.set(key, claim);
    }
  }
  return {
    claims: [...claims.values()],
    dropped: extracted.flatMap((result) => result?.dropped ?? []),
    unanswered: questions.filter((_, i) => extracted[i] == null),
  };
}

/**
 * Some may fail and leave a gap. When all do, when the research is cancelled, or when the goal has to
 * ask for more of the day's budget, so does this.
 */
async function settleSome<Value>(work: readonly Promise<Value>[]): Promise<(Value | undefined)[]> {
  const outcomes = await Promise.allSettled(work);
  const errors = outcomes.flatMap((o): unknown[] => (o.status === 'rejected' ? [o.reason] : []));
  const stopping = errors.find((error) => isCancellation(error) || needsMoreToday(error));
  if (stopping !== undefined) throw stopping;
  if (errors.length > 0 && errors.length === outcomes.length) throw errors[0];
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
}
