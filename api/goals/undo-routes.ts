/** Undoing a goal that has ended: a goal of its own, kept and started like any other. */
import { type GoalView, isTerminal } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import { undoInputSchema } from '#contracts/schemas/goal.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { goalAcceptedSchema } from '../responses.ts';
import { idParamsSchema } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { findGoal } from './goal-routes.ts';
import { goalLinks } from './goal-links.ts';
import { readIdempotencyKey, type StartRouteDeps } from './start-routes.ts';
import { startGoal } from './start-goal.ts';

/** Registers the route. */
export function undoRoutes(app: ZodInstance, deps: StartRouteDeps): void {
  app.post(
    '/v1/goals/:id/undo',
    {
      schema: {
        tags: ['goals'],
        operationId: 'undoGoal',
        summary: 'Undo what a finished goal did, all of it or some steps',
        description:
          'Starts a goal that undoes it, last step first, and answers with its id. What cannot be undone, such as a sent mail, its report says. `Idempotency-Key` makes a retry safe.',
        params: idParamsSchema,
        body: undoInputSchema,
        response: { 202: goalAcceptedSchema },
      },
    },
    async (request, reply) => {
      const { owner, actor } = principalOf(request);
      const { goalId, view: stored } = await findGoal(deps, owner, request.params.id);
      const view = isTerminal(stored.state)
        ? stored
        : ((await deps.goalClient.getGoal(goalId)) ?? stored);
      if (!isTerminal(view.state)) {
        throw new Problem('goal-running', 'Cancel it instead: that undoes what it did.');
      }
      const stepIds = request.body?.stepIds ?? null;
      if (stepIds !== null) requireSteps(view, stepIds);
      const { goalId: undoId, replayed } = await startGoal(deps, {
        owner,
        zone: view.zone,
        key: readIdempotencyKey(request.headers['idempotency-key']),
        body: { goal: `Undo: ${view.goal}`.slice(0, limits.goalTextMaxChars), mode: view.mode },
        aftercare: { kind: 'undo', of: goalId, stepIds, actor },
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      const links = goalLinks(undoId);
      return reply
        .code(202)
        .header('location', links.self)
        .send({ id: undoId, state: 'planning', links });
    },
  );
}

function requireSteps({ steps }: GoalView, stepIds: readonly string[]): void {
  const known = new Set(steps.map(({ id }) => id));
  const errors = stepIds.flatMap((id, i) =>
    known.has(id) ? [] : [{ path: `stepIds[${i}]`, message: `the goal has no step ${id}` }],
  );
  if (errors.length === 0) return;
  throw new Problem('invalid-input', `Name steps of this goal: ${[...known].join(', ')}.`, {
    errors,
  });
}
