/** Dispatches webhooks again and again while the api process lives. It only keeps the time. */
import { limits } from '#contracts/limits.ts';
import { type DispatchDeps, dispatchWebhooks, pruneDeliveries } from './dispatcher.ts';

/** A running dispatcher. */
export type RunningDispatcher = {
  /** Stops after the pass that is on its way. */
  stop(): Promise<void>;
};

const pruneEveryMs = 3_600_000;

/** Starts dispatching. An outage is told once, and waited out. */
export function runDispatcher(
  deps: DispatchDeps & { readonly pollMs?: number; readonly onError?: (error: unknown) => void },
): RunningDispatcher {
  const { pollMs = limits.webhookPollMs, onError } = deps;
  let stopped = false;
  let failing = false;
  let mended = false;
  let prunedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  async function pass(): Promise<void> {
    if (!mended) await deps.feed.mend();
    mended = true;
    await dispatchWebhooks(deps);
    if (Date.now() - prunedAt < pruneEveryMs) return;
    prunedAt = Date.now();
    await pruneDeliveries(deps.pool);
  }
  function next(): void {
    running = pass()
      .then(
        () => (failing = false),
        (error: unknown) => {
          if (!failing) onError?.(error);
          failing = true;
        },
      )
      .then(() => {
        if (!stopped) timer = setTimeout(next, pollMs);
      });
  }
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
