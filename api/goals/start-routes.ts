/** `POST /v1/goals`: checks, keeps and starts a goal, and waits for it when asked to. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type GoalState, isTerminal } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import { goalInputSchema } from '#contracts/schemas/goal.ts';
import { principalOf } from '../auth.ts';
import type { PeopleStore } from '../directory/people-store.ts';
import { Problem } from '../errors.ts';
import { goalAcceptedSchema } from '../responses.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { goalLinks } from './goal-links.ts';
import { type StartDeps, startGoal } from './start-goal.ts';

const waitPollMs = 150;

/** What starting over HTTP needs. */
export type StartRouteDeps = StartDeps & {
  readonly people: PeopleStore;
  /** Zone of people whose directory entry names none. */
  readonly defaultZone: string;
  /** Aborted when the server closes, so that waiting requests are answered first. */
  readonly closing: AbortSignal;
};

/** Registers the route. */
export function startRoutes(app: ZodInstance, deps: StartRouteDeps): void {
  app.post(
    '/v1/goals',
    {
      schema: {
        tags: ['goals'],
        operationId: 'startGoal',
        summary: 'Start a goal',
        description:
          'Headers: `Idempotency-Key` makes a retry safe (same key and body: same answer). ' +
          `\`Prefer: wait=N\` waits up to N s (at most ${limits.preferWaitMaxSeconds}) until the goal has ended or needs a person.`,
        body: goalInputSchema,
        response: { 202: goalAcceptedSchema },
      },
    },
    async (request, reply) => {
      const { owner } = principalOf(request);
      const key = readIdempotencyKey(request.headers['idempotency-key']);
      const waitSeconds = readWait(request.headers['prefer']);
      const zone = (await deps.people.zoneOf(owner)) ?? deps.defaultZone;
      const { goalId, replayed } = await startGoal(deps, { owner, zone, key, body: request.body });
      const state =
        waitSeconds === null
          ? 'planning'
          : await waitForPause(deps, { owner, goalId, waitSeconds, request });
      if (replayed) reply.header('idempotency-replayed', 'true');
      if (waitSeconds !== null) reply.header('preference-applied', `wait=${waitSeconds}`);
      return accepted(reply, goalId, state);
    },
  );
}

function accepted(reply: FastifyReply, goalId: GoalId, state: GoalState) {
  const links = goalLinks(goalId);
  return reply.code(202).header('location', links.self).send({ id: goalId, state, links });
}

/** Waits until the goal has ended or needs a person, as the read model tells. */
async function waitForPause(
  deps: StartRouteDeps,
  wait: { owner: string; goalId: GoalId; waitSeconds: number; request: FastifyRequest },
): Promise<GoalState> {
  const until = Date.now() + wait.waitSeconds * 1_000;
  for (;;) {
    const state = (await deps.goals.find(wait.owner, wait.goalId))?.state ?? 'planning';
    const pauses = isTerminal(state) || state.startsWith('awaiting_');
    const gone = wait.request.raw.socket.destroyed || deps.closing.aborted;
    if (pauses || gone || Date.now() >= until) return state;
    await sleep(waitPollMs);
  }
}

/**
 * Reads the Idempotency-Key header, with or without the quotes of a structured field.
 * @throws Problem invalid-request
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const text = [header].flat().join(',');
  const key = /^"([^"\\]*)"$/.exec(text)?.[1] ?? text;
  if (!/^[!-~]+$/.test(key) || key.length > limits.idempotencyKeyMaxChars) {
    throw new Problem(
      'invalid-request',
      `Send an Idempotency-Key of 1 to ${limits.idempotencyKeyMaxChars} printable ASCII characters without spaces, such as a UUID.`,
    );
  }
  return key;
}

/** Reads `wait=N` of the Prefer header; other preferences are ignored. @see RFC 7240 */
export function readWait(header: string | string[] | undefined): number | null {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(
    [header ?? ''].flat().join(','),
  );
  if (match?.[1] === undefined) return null;
  return Math.min(Number(match[1]), limits.preferWaitMaxSeconds);
}
