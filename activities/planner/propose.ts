/**
 * The planner: asks the model for a plan, checks it by code and has it repaired with the exact
 * errors. It runs nothing and believes nothing the check does not confirm.
 */
import type {
  ModelUsage,
  PlannerActivities,
  PlanRequest,
  PlanResult,
} from '#contracts/activities.ts';
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { type Person } from '#contracts/schemas/common.ts';
import { type Question, planReplySchema } from '#contracts/schemas/plan.ts';
import { cancellationSignal } from '@temporalio/activity';
import { z } from 'zod';
import { type ModelCall, modelCallOf } from '../budgets/day-budgets.ts';
import { failureTypeOf } from '../failures.ts';
import { withShownBytes } from '../language/material.ts';
import type { Accounts } from '../accounts.ts';
import type { Directory } from '../people.ts';
import { type CheckContext, checkPlan } from './check.ts';
import { usageOfFailure } from './model-failures.ts';
import type { ModelClient } from './model.ts';
import { planFormat } from './plan-schema.ts';
import { type PlannerAccount, planningData } from './planning-data.ts';
import { loadPrompt } from './prompts.ts';

const prompt = loadPrompt(new URL('./prompts/plan.v2.md', import.meta.url));

/** What planning needs. */
export type PlannerDependencies = {
  readonly model: ModelClient;
  readonly directory: Pick<Directory, 'list'>;
  readonly accounts: Pick<Accounts, 'list'>;
};

/** Builds the planner's activities. */
export function createPlannerActivities(deps: PlannerDependencies): PlannerActivities {
  return {
    /**
     * Proposes a plan or questions. Effect: none outside; costs model calls, at most three.
     * Idempotency: a retry asks again. Heartbeats: by the worker.
     * @throws RateLimitedError, ModelUnavailableError, ProviderWaitError, DayBudgetReachedError,
     *   ReconnectRequiredError, PermissionDeniedError, InvalidInputError, ModelRefusedError
     */
    async proposePlan(request) {
      const [listed, accounts] = await Promise.all([
        deps.directory.list(request.owner),
        deps.accounts.list(request.owner),
      ]);
      const people = listed.slice(0, limits.planPeopleMax);
      return await propose(deps.model, request, { people, accounts }, cancellationSignal());
    },
  };
}

type Attempt =
  | { readonly ok: true; readonly plan: PlanResult['plan']; readonly questions: Question[] }
  | { readonly ok: false; readonly problems: readonly string[]; readonly reply: Json };

async function propose(
  model: ModelClient,
  request: PlanRequest,
  known: { people: readonly Person[]; accounts: readonly PlannerAccount[] },
  signal: AbortSignal,
): Promise<PlanResult> {
  const data = planningData(request, known.people, known.accounts);
  // The person's own addresses are theirs to write to, like those of the directory.
  const context = {
    ...checkContext(request, [...known.people, ...known.accounts]),
    accounts: known.accounts,
  };
  const usage: ModelUsage[] = [];
  let problems: readonly string[] = [];
  let previous: Json = null;
  for (let repairs = 0; repairs <= limits.planRepairAttempts; repairs += 1) {
    const repair: JsonObject =
      repairs === 0 ? {} : { problems: [...problems], previousReply: previous };
    const shown = { ...data, ...repair };
    const attempt = await ask(model, modelCallOf(request), shown, context, usage, signal);
    if (attempt.ok) {
      const { plan, questions } = attempt;
      return { plan, questions, problems: [], repairs, usage, promptVersion: prompt.version };
    }
    ({ problems, reply: previous } = attempt);
  }
  const repairs = limits.planRepairAttempts;
  return { plan: null, questions: [], problems, repairs, usage, promptVersion: prompt.version };
}

async function ask(
  model: ModelClient,
  call: ModelCall,
  data: JsonObject,
  context: CheckContext,
  usage: ModelUsage[],
  signal: AbortSignal,
): Promise<Attempt> {
  try {
    const answer = await model.askModel({
      call,
      role: 'primary',
      schemaName: 'plan',
      schema: z.unknown(),
      format: planFormat,
      instructions: prompt.text,
      data,
      signal,
    });
    usage.push(withShownBytes(answer.usage, 'untrusted', finishedIn(data)));
    return judge(answer.value, context);
  } catch (error) {
    // A cut or garbled reply is worth another try with a word about it; all else is not ours.
    if (failureTypeOf(error) !== 'InvalidModelReplyError') throw error;
    const paid = usageOfFailure(error);
    if (paid !== undefined) usage.push(paid);
    return { ok: false, problems: [(error as Error).message], reply: null };
  }
}

/** What finished steps found: mail, events and pages that others wrote. */
function finishedIn({ revision }: JsonObject): readonly Json[] {
  const finished = isJsonObject(revision) ? revision.finished : undefined;
  return Array.isArray(finished) ? (finished as readonly Json[]) : [];
}

function judge(reply: unknown, context: CheckContext): Attempt {
  const asked = questionsOf(reply);
  if (asked !== undefined && asked.length > 0) return { ok: true, plan: null, questions: asked };
  const checked = checkPlan(reply, context);
  if ('plan' in checked) return { ok: true, plan: checked.plan, questions: [] };
  return { ok: false, problems: checked.problems, reply: reply as Json };
}

function questionsOf(reply: unknown): Question[] | undefined {
  if (!isJsonObject(reply)) return undefined;
  const parsed = planReplySchema.shape.questions.safeParse(reply.questions);
  if (!parsed.success) return undefined;
  // One id twice would make one answer count for two questions.
  return [...new Map(parsed.data.map((question) => [question.id, question])).values()];
}

/** Everything the planner was told, for telling told addresses from invented ones. */
function checkContext(
  request: PlanRequest,
  people: readonly { readonly email: string }[],
): CheckContext {
  const { goal, context, constraints, answers, revision, owner } = request;
  const done = new Set(
    revision?.finished.filter(({ status }) => status === 'completed').map(({ id }) => id),
  );
  return {
    goalText: JSON.stringify([goal, context, constraints, answers, owner, revision]),
    people,
    finished: revision?.previous.steps.filter(({ id }) => done.has(id)) ?? [],
    mayBeEmpty: revision !== null,
  };
}
