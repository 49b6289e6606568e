/** Reading goals, and the two ways to act on a running one: cancelling it and answering its questions. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type GoalView, isTerminal } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import { type GoalId, parseGoalId } from '#contracts/names.ts';
import { answersInputSchema } from '#contracts/schemas/goal.ts';
import { auditSchema } from '../audit/audit-schemas.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import type { GoalClient } from '../goal-client.ts';
import {
  answerTakenSchema,
  goalAcceptedSchema,
  goalListSchema,
  goalStateSchema,
  goalViewSchema,
  journalSchema,
} from '../responses.ts';
import { idParamsSchema } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { goalLinks } from './goal-links.ts';
import type { GoalStore } from './goal-store.ts';

/** What these routes need. */
export type GoalRouteDeps = { readonly goals: GoalStore; readonly goalClient: GoalClient };

const limitSchema = z.coerce.number().int().min(1).max(limits.pageSizeMax).default(50);
const afterSchema = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0);
const pageSchema = z.strictObject({ after: afterSchema, limit: limitSchema });
const listSchema = z.strictObject({
  state: z
    .union([goalStateSchema, z.array(goalStateSchema).max(10)])
    .optional()
    .describe('May be repeated'),
  cursor: z.string().max(26).optional(),
  limit: limitSchema,
});
const noBodySchema = z.strictObject({}).nullish();

/** Registers the routes. */
export function goalRoutes(app: ZodInstance, deps: GoalRouteDeps): void {
  readRoutes(app, deps);
  historyRoutes(app, deps);
  stopAndAnswerRoutes(app, deps);
}

/**
 * Finds a goal of this owner. The read model is asked first; a goal it does not know yet (or any
 * more) is asked of its workflow.
 * @throws Problem not-found, also for a goal of somebody else
 */
export async function findGoal(
  deps: GoalRouteDeps,
  owner: string,
  text: string,
): Promise<{ goalId: GoalId; view: GoalView }> {
  const goalId = parseGoalId(text);
  if (goalId === undefined) throw noSuchGoal();
  const stored = await deps.goals.find(owner, goalId);
  const view = stored ?? (await deps.goalClient.getGoal(goalId));
  if (view === null || view.owner !== owner) throw noSuchGoal();
  return { goalId, view };
}

const noSuchGoal = () =>
  new Problem('not-found', 'You have no goal with this id. GET /v1/goals lists yours.');

function readRoutes(app: ZodInstance, deps: GoalRouteDeps): void {
  app.get(
    '/v1/goals',
    {
      schema: {
        tags: ['goals'],
        operationId: 'listGoals',
        summary: 'List your goals, newest first',
        querystring: listSchema,
        response: { 200: goalListSchema },
      },
    },
    async (request) => {
      const { state, cursor, limit } = request.query;
      if (cursor !== undefined && parseGoalId(cursor) === undefined) {
        throw new Problem('invalid-input', 'Send the `nextCursor` of an earlier answer.');
      }
      const views = await deps.goals.list(principalOf(request).owner, {
        states: state === undefined ? [] : [state].flat(),
        cursor: cursor ?? null,
        limit: limit + 1,
      });
      const page = views.slice(0, limit);
      return {
        goals: page.map(goalListItem),
        nextCursor: views.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  );
  app.get(
    '/v1/goals/:id',
    {
      schema: {
        tags: ['goals'],
        operationId: 'getGoal',
        summary: 'The full status of a goal',
        description:
          'Header `adjutant-source` says whether the workflow itself answered (`live`) or the read model (`stored`).',
        params: idParamsSchema,
        response: { 200: goalViewSchema },
      },
    },
    async (request, reply) => {
      const { goalId, view } = await findGoal(deps, principalOf(request).owner, request.params.id);
      // The read model is complete when it holds the report of a goal that has ended.
      const complete = isTerminal(view.state) && view.report !== null;
      const live = complete ? null : await deps.goalClient.getGoal(goalId);
      reply.header('adjutant-source', live === null ? 'stored' : 'live');
      const retrying = live === null ? [] : await deps.goalClient.getRetries(goalId);
      return reply.send({ ...(live ?? view), retrying, links: goalLinks(goalId) });
    },
  );
}

function goalListItem(view: GoalView) {
  return {
    id: view.id,
    goal: view.goal,
    state: view.state,
    mode: view.mode,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    pendingApprovals: view.pendingApprovals.length,
    headline: view.report?.headline ?? null,
    links: goalLinks(view.id),
  };
}

function historyRoutes(app: ZodInstance, deps: GoalRouteDeps): void {
  app.get(
    '/v1/goals/:id/journal',
    {
      schema: {
        tags: ['goals'],
        operationId: 'getJournal',
        summary: 'What happened, in order',
        params: idParamsSchema,
        querystring: pageSchema,
        response: { 200: journalSchema },
      },
    },
    async (request) => {
      const { goalId } = await findGoal(deps, principalOf(request).owner, request.params.id);
      const { after, limit } = request.query;
      const events = await deps.goals.journal(goalId, after, limit);
      return {
        events,
        nextAfter: events.length === limit ? (events.at(-1)?.number ?? null) : null,
      };
    },
  );
  app.get(
    '/v1/goals/:id/audit',
    {
      schema: {
        tags: ['goals'],
        operationId: 'getAudit',
        summary: 'What was proposed, shown, decided and done, as a hash chain',
        params: idParamsSchema,
        querystring: pageSchema,
        response: { 200: auditSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { goalId } = await findGoal(deps, owner, request.params.id);
      const { after, limit } = request.query;
      const entries = await deps.goals.audit(owner, goalId, after, limit);
      return {
        entries,
        nextAfter: entries.length === limit ? (entries.at(-1)?.seq ?? null) : null,
      };
    },
  );
}

function stopAndAnswerRoutes(app: ZodInstance, deps: GoalRouteDeps): void {
  app.post(
    '/v1/goals/:id/cancel',
    {
      schema: {
        tags: ['goals'],
        operationId: 'cancelGoal',
        summary: 'Stop a goal: once acknowledged, nothing new starts, and what can be undone is',
        params: idParamsSchema,
        body: noBodySchema,
        response: { 202: goalAcceptedSchema },
      },
    },
    async (request, reply) => {
      const { owner, actor } = principalOf(request);
      const { goalId, view } = await findGoal(deps, owner, request.params.id);
      if (isTerminal(view.state)) throw goalEnded(view.state);
      if (!(await deps.goals.recordCancellation(goalId, actor))) throw goalEnded(null);
      if (!(await deps.goalClient.cancel(goalId))) {
        const neverStarted = await deps.goals.cancelUnstarted(owner, goalId);
        if (!neverStarted) throw goalEnded(null);
      }
      const state = (await deps.goals.find(owner, goalId))?.state ?? view.state;
      return reply.code(202).send({ id: goalId, state, links: goalLinks(goalId) });
    },
  );
  app.post(
    '/v1/goals/:id/answers',
    {
      schema: {
        tags: ['goals'],
        operationId: 'answerQuestions',
        summary: 'Answer the questions a goal has asked',
        params: idParamsSchema,
        body: answersInputSchema,
        response: { 200: answerTakenSchema, 202: answerTakenSchema },
      },
    },
    async (request, reply) => {
      const { owner, actor } = principalOf(request);
      const { goalId, view } = await findGoal(deps, owner, request.params.id);
      if (isTerminal(view.state)) throw goalEnded(view.state);
      const message = { ...request.body, answerId: randomUUID(), actor };
      const outcome = await deps.goalClient.answer(goalId, message);
      if (outcome === 'ended') throw goalEnded(null);
      const links = goalLinks(goalId);
      if (outcome === 'no_answer') {
        const text = `The answer is on its way but was not confirmed in time. Look at ${links.self}.`;
        return reply.code(202).send({ outcome: 'pending', message: text, links });
      }
      if (!outcome.applied) throw new Problem('answer-refused', outcome.message);
      return reply.code(200).send({ outcome: 'applied', message: outcome.message, links });
    },
  );
}

/** The problem of asking something of a goal that has ended. */
export function goalEnded(state: string | null): Problem {
  const how = state === null ? 'The goal has ended' : `The goal is ${state}`;
  return new Problem('goal-ended', `${how}; start a new goal instead.`);
}
