/** Logs one line for each activity execution: ids and outcome, never arguments, results or messages. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { z } from 'zod';
import { goalIdOfWorkflow } from '#contracts/names.ts';
import type { Logger } from '../logger.ts';

/** Builds the interceptor; it belongs inside the tracing one, so that lines carry the trace. */
export function activityLog(logger: Logger) {
  return (context: Context): ActivityInterceptors => ({
    inbound: {
      async execute(input, next) {
        const { activityType: activity, attempt, workflowExecution } = context.info;
        const goalId = goalIdOfWorkflow(workflowExecution?.workflowId ?? '');
        const ids = { goalId, stepId: stepIdOf(input.args[0]), activity, attempt };
        const began = performance.now();
        const ms = () => Math.round(performance.now() - began);
        try {
          const result = await next(input);
          logger.info({ ...ids, ms: ms(), outcome: 'completed' }, 'activity');
          return result;
        } catch (error) {
          const failure = error instanceof ApplicationFailure ? error.type : 'Error';
          logger.info({ ...ids, ms: ms(), outcome: 'failed', failure }, 'activity');
          throw error;
        }
      },
    },
  });
}

/** The step an activity works for; planning and publishing work for none. */
function stepIdOf(request: unknown): string | undefined {
  const { stepId } = stepContextSchema.safeParse(request).data?.context ?? {};
  return stepId;
}

const stepContextSchema = z.object({
  context: z.object({ stepId: z.string().regex(/^[\w.-]{1,64}$/) }),
});
