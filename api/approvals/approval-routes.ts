/** The review queue over HTTP: list, look, decide. Only the POST decides. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { parseApprovalId } from '#contracts/names.ts';
import { decisionInputSchema } from '#contracts/schemas/approval.ts';
import { deciderOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import {
  approvalListSchema,
  approvalSchema,
  approvalStateSchema,
  decisionAnswerSchema,
} from '../responses.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { type DecideDeps, decide, findApproval } from './decide.ts';

const paramsSchema = z.strictObject({ id: z.string().max(120) });
const listSchema = z.strictObject({
  state: approvalStateSchema.optional(),
  goalId: z.string().max(26).optional(),
  cursor: z.string().max(120).optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(50),
});

/** Registers the routes. */
export function approvalRoutes(app: ZodInstance, deps: DecideDeps): void {
  app.get(
    '/v1/approvals',
    {
      schema: {
        tags: ['approvals'],
        operationId: 'listApprovals',
        summary: 'The review queue over all your goals, newest first',
        description:
          'A member sees what is theirs to decide: delegated, escalated, or a second yes.',
        querystring: listSchema,
        response: { 200: approvalListSchema },
      },
    },
    async (request) => {
      const { state, goalId, cursor, limit } = request.query;
      if (cursor !== undefined && parseApprovalId(cursor) === undefined) {
        throw new Problem('invalid-input', 'Send the `nextCursor` of an earlier answer.');
      }
      const { owner, actor, member } = deciderOf(request);
      const items = await deps.approvals.list(owner, {
        state: state ?? null,
        goalId: goalId ?? null,
        member: member === undefined ? null : { email: actor, roles: member.roles },
        cursor: cursor ?? null,
        limit: limit + 1,
      });
      const approvals = items.slice(0, limit);
      const nextCursor = items.length > limit ? (approvals.at(-1)?.approvalId ?? null) : null;
      return { approvals, nextCursor };
    },
  );
  app.get(
    '/v1/approvals/:id',
    {
      schema: {
        tags: ['approvals'],
        operationId: 'getApproval',
        summary: 'One approval with its card and digest',
        params: paramsSchema,
        response: { 200: approvalSchema },
      },
    },
    (request) => findApproval(deps, deciderOf(request), request.params.id),
  );
  app.post(
    '/v1/approvals/:id/decision',
    {
      schema: {
        tags: ['approvals'],
        operationId: 'decideApproval',
        summary: 'Approve, edit, reject or hand on exactly what the digest stands for',
        description:
          '200 applied; 202 not confirmed in time; 409 already decided; 410 expired; 412 the content has changed; 422 invalid edit.',
        params: paramsSchema,
        body: decisionInputSchema,
        response: { 200: decisionAnswerSchema, 202: decisionAnswerSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { decisionId, outcome, approval } = await decide(
        deps,
        deciderOf(request),
        id,
        request.body,
      );
      const links = { approval: `/v1/approvals/${id}`, goal: `/v1/goals/${approval.goalId}` };
      if (outcome === null) {
        const message = `The decision was sent but is not confirmed yet. Look at ${links.approval}, or send it again with this decisionId.`;
        const pending = { decisionId, outcome: 'pending' as const, message, decision: null };
        return reply.code(202).send({ ...pending, approval, links });
      }
      return reply.code(200).send({
        decisionId,
        outcome: 'applied' as const,
        message: outcome.message,
        decision: outcome.standing,
        approval,
        links,
      });
    },
  );
}
