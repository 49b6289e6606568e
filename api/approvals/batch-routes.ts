/**
 * Many decisions in one request. Each names its approval and its digest and stands for itself: one
 * that is refused holds up no other, and nothing is ever approved by being on a list.
 */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { digestSchema } from '#contracts/schemas/approval.ts';
import { deciderOf, type Principal } from '../auth.ts';
import { documentOf, Problem, problemKinds, problemOf, problemSchema } from '../errors.ts';
import { decisionAnswerSchema } from '../responses.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { type DecideDeps, decide } from './decide.ts';

/** Decisions on their way at the same time. */
const atOnce = 10;

const itemSchema = z.strictObject({
  approvalId: z.string().min(1).max(120),
  digest: digestSchema,
  verdict: z.enum(['approve', 'reject']),
  comment: z.string().trim().min(1).max(limits.commentMaxChars).optional(),
  decisionId: z.string().min(1).max(100).optional(),
});
const bodySchema = z.strictObject({
  decisions: z.array(itemSchema).min(1).max(limits.batchDecisionsMax),
});
const resultSchema = z
  .object({
    approvalId: z.string(),
    status: z.int().describe('What the single request would have answered with'),
    outcome: z.enum(['applied', 'pending', 'refused']),
    message: z.string(),
    decision: decisionAnswerSchema.shape.decision,
    problem: problemSchema.nullable(),
  })
  .meta({ id: 'BatchResult' });
const answerSchema = z.object({ results: z.array(resultSchema) });
type Result = z.infer<typeof resultSchema>;

/** Registers the route. */
export function batchRoutes(app: ZodInstance, deps: DecideDeps): void {
  app.post(
    '/v1/approvals/decisions',
    {
      schema: {
        tags: ['approvals'],
        operationId: 'decideApprovals',
        summary: 'Approve or reject several approvals, each by its own digest',
        description:
          'Always 200 when the request itself is valid; `status` tells of each decision.',
        body: bodySchema,
        response: { 200: answerSchema },
      },
    },
    async (request) => {
      const { decisions } = request.body;
      refuseRepeats(decisions.map(({ approvalId }) => approvalId));
      const principal = deciderOf(request);
      const results: Result[] = [];
      for (let at = 0; at < decisions.length; at += atOnce) {
        const part = decisions.slice(at, at + atOnce);
        const one = (item: z.infer<typeof itemSchema>) =>
          decideOne(deps, principal, item, request.id);
        results.push(...(await Promise.all(part.map(one))));
      }
      return { results };
    },
  );
}

function refuseRepeats(ids: readonly string[]): void {
  const twice = ids.findIndex((id, i) => ids.indexOf(id) !== i);
  if (twice === -1) return;
  throw new Problem('invalid-input', 'Decide each approval once in a request.', {
    errors: [{ path: `decisions[${twice}].approvalId`, message: 'is in the list twice' }],
  });
}

async function decideOne(
  deps: DecideDeps,
  principal: Principal,
  { approvalId, ...input }: z.infer<typeof itemSchema>,
  requestId: string,
): Promise<Result> {
  try {
    const { outcome } = await decide(deps, principal, approvalId, input);
    return outcome === null
      ? result(approvalId, 202, 'pending', 'Sent, but not confirmed yet.')
      : result(approvalId, 200, 'applied', outcome.message, outcome.standing);
  } catch (error) {
    const problem = problemOf(error);
    const document = documentOf(problem, requestId);
    const { status } = problemKinds[problem.kind];
    return { ...result(approvalId, status, 'refused', problem.message), problem: document };
  }
}

function result(
  approvalId: string,
  status: number,
  outcome: Result['outcome'],
  message: string,
  decision: Result['decision'] = null,
): Result {
  return { approvalId, status, outcome, message, decision, problem: null };
}
