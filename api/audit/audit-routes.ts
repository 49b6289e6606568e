/** The whole audit of the caller, and the anchors that Temporal's histories hold for it. Reads only. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { parseGoalId } from '#contracts/names.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import type { GoalClient } from '../goal-client.ts';
import type { GoalStore } from '../goals/goal-store.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { historiesSchema, ownAuditSchema } from './audit-schemas.ts';

/** What these routes need. */
export type AuditRouteDeps = { readonly goals: GoalStore; readonly goalClient: GoalClient };

const pageSchema = z.strictObject({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSizeMax),
});
/** Each history is read whole, so pages are small. */
const anchorPageSchema = z.strictObject({
  goalId: z.string().max(26).optional().describe('Only this goal'),
  cursor: z.string().max(4_096).optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(20),
});

/** Registers the routes. */
export function auditRoutes(app: ZodInstance, deps: AuditRouteDeps): void {
  app.get(
    '/v1/audit',
    {
      schema: {
        tags: ['audit'],
        operationId: 'listAudit',
        summary: 'Every effect, decision and refusal of all your goals, as a hash chain',
        querystring: pageSchema,
        response: { 200: ownAuditSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { after, limit } = request.query;
      const entries = await deps.goals.audit(owner, null, after, limit);
      const nextAfter = entries.length === limit ? (entries.at(-1)?.seq ?? null) : null;
      return { owner, entries, nextAfter };
    },
  );
  app.get(
    '/v1/audit/anchors',
    {
      schema: {
        tags: ['audit'],
        operationId: 'listAuditAnchors',
        summary: 'Where the audit stood, as the histories of your goals say',
        querystring: anchorPageSchema,
        response: { 200: historiesSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { goalId: text, cursor, limit } = request.query;
      if (text !== undefined) {
        const goalId = parseGoalId(text);
        const histories =
          goalId === undefined ? [] : await deps.goalClient.anchorsOfGoal(owner, goalId);
        return { histories, nextCursor: null };
      }
      const page = await deps.goalClient.anchors(owner, cursor ?? null, limit);
      if (page !== null) return page;
      throw new Problem('invalid-input', 'Send the `nextCursor` of an earlier answer.');
    },
  );
}
