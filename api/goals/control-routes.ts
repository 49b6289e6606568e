/** Controlling a goal while it runs: pause, resume, steer, and the plan as the person wants it. */
import { z } from 'zod';
import { type ControlOutcome, type GoalView, isTerminal } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import { steerInputSchema } from '#contracts/schemas/goal.ts';
import { planSchema } from '#contracts/schemas/plan.ts';
import { principalOf, type Principal } from '../auth.ts';
import { Problem } from '../errors.ts';
import type { ControlSignal } from '../goal-client.ts';
import { idParamsSchema } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { controlTakenSchema, planAnswerSchema } from './control-answers.ts';
import { goalLinks } from './goal-links.ts';
import { findGoal, goalEnded, type GoalRouteDeps } from './goal-routes.ts';

const noBodySchema = z.strictObject({}).nullish();
const amendSchema = z.strictObject({
  /** The revision the person has seen; 409 when the plan has changed since. */
  expectedRevision: z.int().min(0),
  plan: planSchema,
});
const response = { 200: controlTakenSchema, 202: controlTakenSchema };

/** Registers the routes. */
export function controlRoutes(app: ZodInstance, deps: GoalRouteDeps): void {
  for (const [path, signal, summary] of simple) {
    app.post(
      `/v1/goals/:id/${path}`,
      {
        schema: {
          tags: ['goals'],
          operationId: signal,
          summary,
          params: idParamsSchema,
          body: noBodySchema,
          response,
        },
      },
      async (request, reply) => {
        const answer = await control(deps, principalOf(request), request.params.id, signal, {});
        return reply.code(answer.outcome === 'pending' ? 202 : 200).send(answer);
      },
    );
  }
  app.post(
    '/v1/goals/:id/steer',
    {
      schema: {
        tags: ['goals'],
        operationId: 'steerGoal',
        summary: 'Give a further instruction; the plan is revised and keeps its finished steps',
        params: idParamsSchema,
        body: steerInputSchema,
        response,
      },
    },
    async (request, reply) => {
      const { instruction } = request.body;
      const message = { instruction };
      const answer = await control(
        deps,
        principalOf(request),
        request.params.id,
        'steerGoal',
        message,
      );
      return reply.code(answer.outcome === 'pending' ? 202 : 200).send(answer);
    },
  );
  planRoutes(app, deps);
}

const simple = [
  ['pause', 'pauseGoal', 'Let nothing new start until the goal is resumed'],
  ['resume', 'resumeGoal', 'Go on after a pause'],
] as const satisfies readonly (readonly [string, ControlSignal, string])[];

function planRoutes(app: ZodInstance, deps: GoalRouteDeps): void {
  app.get(
    '/v1/goals/:id/plan',
    {
      schema: {
        tags: ['goals'],
        operationId: 'getPlan',
        summary: 'The plan in the form in which it can be changed and put back',
        params: idParamsSchema,
        response: { 200: planAnswerSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { goalId, view } = await findGoal(deps, owner, request.params.id);
      return planOf((await deps.goalClient.getGoal(goalId)) ?? view);
    },
  );
  for (const method of ['PUT', 'POST'] as const) {
    app.route({
      method,
      url: '/v1/goals/:id/plan',
      bodyLimit: limits.planBodyMaxBytes,
      schema: {
        tags: ['goals'],
        operationId: method === 'PUT' ? 'putPlan' : 'postPlan',
        summary: 'Replace the plan; steps that have begun stay as they are',
        description:
          'Send `expectedRevision` as `GET /plan` answered it. 409: the plan has changed since; 422: `errors` says what is wrong. The gate applies to every step anew.',
        params: idParamsSchema,
        body: amendSchema,
        response,
      },
      handler: async (request, reply) => {
        const { expectedRevision, plan } = request.body;
        const message = { expectedRevision, plan: plan as JsonObject };
        const principal = principalOf(request);
        const answer = await control(deps, principal, request.params.id, 'amendPlan', message);
        return reply.code(answer.outcome === 'pending' ? 202 : 200).send(answer);
      },
    });
  }
}

function planOf(view: GoalView) {
  if (view.plan === null) {
    throw new Problem(
      'not-found',
      'The goal has no plan yet. GET /v1/goals/{id} says how it stands.',
    );
  }
  const { revision, reasoning, estimatedComplexity } = view.plan;
  const steps = view.steps.map((step) => ({
    id: step.id,
    tool: step.tool,
    input: step.input,
    rationale: step.rationale,
    critical: step.critical,
    requiresConfirmation: step.requiresConfirmation,
    dependsOn: [...step.dependsOn],
    checkpoint: step.checkpoint,
  }));
  return { revision, plan: { reasoning, estimatedComplexity, steps } };
}

async function control(
  deps: GoalRouteDeps,
  { owner, actor }: Principal,
  id: string,
  signal: ControlSignal,
  message: JsonObject,
) {
  const { goalId, view } = await findGoal(deps, owner, id);
  if (isTerminal(view.state)) throw goalEnded(view.state);
  const outcome = await deps.goalClient.control(goalId, signal, { ...message, actor });
  if (outcome === 'ended') throw goalEnded(null);
  const links = goalLinks(goalId);
  if (outcome === 'no_answer') {
    const text = `It is on its way but was not confirmed in time. Look at ${links.self}.`;
    return { outcome: 'pending' as const, message: text, links };
  }
  if (!outcome.applied) throw await problemOfControl(deps, goalId, outcome);
  return { outcome: 'applied' as const, message: outcome.message, links };
}

async function problemOfControl(
  deps: GoalRouteDeps,
  goalId: GoalId,
  { code, message, problems }: ControlOutcome,
): Promise<Problem> {
  switch (code) {
    case 'stale': {
      const view = await deps.goalClient.getGoal(goalId);
      const revision = view?.plan?.revision ?? null;
      return new Problem('stale-plan', `${message} GET it again and change that.`, {
        members: { revision },
      });
    }
    case 'invalid':
    case 'malformed':
      return new Problem('invalid-plan', message, {
        errors: problems.map((text) => ({ path: 'plan', message: text })),
      });
    case 'ended':
      return goalEnded(null);
    case 'not_found':
      return new Problem('not-found', message);
    case 'too_late':
      return new Problem('too-late', message);
    case 'applied':
      return new Problem('control-refused', message);
    default:
      return code satisfies never;
  }
}
