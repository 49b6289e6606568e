/** Keeps Temporal informed while a model thinks. Only for use inside an activity. */
import { Context } from '@temporalio/activity';
import { limits } from '#contracts/limits.ts';

/** Runs one call with regular heartbeats and the activity's own cancellation signal. */
export async function withHeartbeat<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  context.heartbeat();
  const timer = setInterval(() => context.heartbeat(), limits.modelHeartbeatMs);
  try {
    return await run(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
