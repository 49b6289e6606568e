/**
 * The three steps of research that need the model. The model sees pages as data and its answers are
 * checked by code; it never chooses an address, and nothing it says is kept without a quote.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { z } from 'zod';
import type { StepContext } from '#contracts/activities.ts';
import type { ResearchActivities } from '#contracts/child-activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { Claim, PageSummary } from '#contracts/schemas/research.ts';
import { modelCallOf } from '../budgets/day-budgets.ts';
import { withShownBytes } from '../language/material.ts';
import type { ResearchDeps } from './dependencies.ts';
import {
  claimsReplySchema,
  prompts,
  questionsReplySchema,
  synthesisReplySchema,
} from './model-replies.ts';
import { oneLine } from './page-text.ts';
import { checkClaims, checkSynthesis, type ShownPage } from './verify.ts';

/**
 * Builds the activities. All: no effect outside but the model call; heartbeats by the worker.
 * @throws ProviderWaitError, DayBudgetReachedError, RateLimitedError, ModelUnavailableError, ModelRefusedError, InvalidModelReplyError
 */
export function createResearchLanguageActivities(
  deps: ResearchDeps,
): Pick<ResearchActivities, 'planResearch' | 'extractClaims' | 'writeSynthesis'> {
  const ask = async <Value>(
    context: StepContext,
    role: 'primary' | 'fast',
    schemaName: keyof typeof prompts,
    schema: z.ZodType<Value>,
    data: JsonObject,
  ) =>
    deps.model.askModel({
      call: modelCallOf(context),
      role,
      schemaName,
      schema,
      instructions: prompts[schemaName],
      data,
      signal: cancellationSignal(),
    });

  return {
    /** Splits a question into at most four queries. Falls back to the question itself. */
    async planResearch({ context, question }) {
      const maxQuestions = limits.researchQuestionsMax;
      const { now, zone } = context;
      const data = { question, now, zone, maxQuestions };
      const { value, usage } = await ask(
        context,
        'fast',
        'research_questions',
        questionsReplySchema,
        data,
      );
      const asked = value.questions.map((text) => oneLine(text, 300)).filter((text) => text !== '');
      const questions = [...new Set(asked)].slice(0, maxQuestions);
      return { questions: questions.length > 0 ? questions : [question], usage: [usage] };
    },

    /** Takes claims with literal quotes from stored pages; the others are dropped and named. */
    async extractClaims({ context, question, pages }) {
      const shown = await loadPages(deps, context, pages);
      if (shown.length === 0) return { claims: [], dropped: [], usage: [] };
      const data = {
        question,
        maxClaims: limits.researchClaimsPerQuestion,
        pages: shown.map(({ documentId, title, url, content }) => ({
          documentId,
          title: oneLine(title, 200),
          url,
          text: content.slice(0, textCap(shown.length)).toWellFormed(),
        })),
      };
      const { value, usage } = await ask(context, 'fast', 'claims', claimsReplySchema, data);
      return {
        ...checkClaims(value.claims, shown),
        usage: [withShownBytes(usage, 'untrusted', data.pages)],
      };
    },

    /** Writes the summary. Sentences that rest on anything but these claims are dropped and named. */
    async writeSynthesis({ context, question, claims, pages }) {
      if (claims.length === 0) return { summary: '', cited: [], dropped: [], usage: [] };
      const numbered = claims.map((claim, i) => numberedClaim(claim, i + 1, pages));
      const data = { question, claims: numbered };
      const { value, usage } = await ask(
        context,
        'primary',
        'synthesis',
        synthesisReplySchema,
        data,
      );
      return {
        ...checkSynthesis(value.sentences, claims),
        usage: [withShownBytes(usage, 'untrusted', numbered)],
      };
    },
  };
}

function numberedClaim({ claim, quote, documentId }: Claim, number: number, pages: PageSummary[]) {
  const page = pages.find((read) => read.documentId === documentId);
  const source = page === undefined ? '' : `${oneLine(page.title, 200)} (${page.url})`;
  return { number, claim, quote, source };
}

/** Only documents of this goal can be loaded, whatever ids the caller names. */
async function loadPages(
  deps: ResearchDeps,
  context: StepContext,
  pages: readonly PageSummary[],
): Promise<ShownPage[]> {
  const { goalId } = context;
  return Promise.all(
    pages.slice(0, limits.researchPagesMax).map(async (page) => {
      const { content } = await deps.documents.get(goalId, page.documentId);
      return { ...page, content };
    }),
  );
}

function textCap(pages: number): number {
  return Math.min(limits.pageTextMaxChars, Math.floor(limits.researchMaterialMaxChars / pages));
}
