/**
 * Tells the server while an activity runs that its worker lives, so that the work of a killed worker
 * is taken up within seconds. It knows nothing of progress, and stops no activity.
 */
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import { limits } from '#contracts/limits.ts';

/**
 * Builds the heartbeats of one activity. The first one comes after a while, so that short activities
 * cost no request.
 */
export function heartbeatInterceptor(context: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        if (context.info.isLocal) return next(input);
        const timer = setInterval(() => context.heartbeat(), limits.heartbeatMs);
        try {
          return await next(input);
        } finally {
          clearInterval(timer);
        }
      },
    },
  };
}
