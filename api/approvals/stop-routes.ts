/** Stopping an approved effect before it begins. What has begun to leave is not taken back here. */
import { z } from 'zod';
import { deciderOf, type Principal } from '../auth.ts';
import { Problem } from '../errors.ts';
import { approvalSchema } from '../responses.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { ApprovalItem } from './approval-store.ts';
import { type DecideDeps, findApproval } from './decide.ts';

const paramsSchema = z.strictObject({ id: z.string().max(120) });
const stopAnswerSchema = z
  .object({
    outcome: z.literal('stopped'),
    message: z.string(),
    approval: approvalSchema,
    links: z.object({ approval: z.string(), goal: z.string() }),
  })
  .meta({ id: 'StopAnswer' });

/** Registers the route. */
export function stopRoutes(app: ZodInstance, deps: DecideDeps): void {
  app.post(
    '/v1/approvals/:id/stop',
    {
      schema: {
        tags: ['approvals'],
        operationId: 'stopApproved',
        summary: 'Stop an approved mail before it leaves',
        description:
          'For the owner and whoever approved it, until `leavesAt`. 200: it does not leave; 409: it has begun to leave.',
        params: paramsSchema,
        body: z.strictObject({}).nullish(),
        response: { 200: stopAnswerSchema },
      },
    },
    async (request) => {
      const principal = deciderOf(request);
      const approval = await findApproval(deps, principal, request.params.id);
      requireStoppable(principal, approval);
      const { approvalId, goalId } = approval;
      const { actor } = principal;
      if (!(await deps.approvals.stop({ goalId, approvalId, actor }))) {
        throw new Problem('too-late', 'It has begun to leave, so it cannot be stopped any more.');
      }
      // From here on it cannot begin; the workflow is told so that it need not find out.
      await deps.goalClient.control(goalId, 'stopEffect', { approvalId, actor });
      return {
        outcome: 'stopped' as const,
        message: 'Stopped. It does not leave.',
        approval: await findApproval(deps, principal, approvalId),
        links: { approval: `/v1/approvals/${approvalId}`, goal: `/v1/goals/${goalId}` },
      };
    },
  );
}

function requireStoppable({ actor, member }: Principal, approval: ApprovalItem): void {
  const approvers = [...approval.approvedBy, ...(approval.decision ? [approval.decision] : [])];
  if (member !== undefined && !approvers.some((decision) => decision.actor === actor)) {
    throw new Problem('not-allowed', 'Only the owner and whoever approved it can stop it.');
  }
  const { state, kind } = approval;
  if (kind === 'action' && (state === 'approved' || state === 'edited' || state === 'stopped')) {
    return;
  }
  const todo = state === 'pending' ? ' Reject it instead.' : '';
  throw new Problem('nothing-to-stop', `This approval is ${state}.${todo}`);
}
