/** What the api does from time to time beside answering: one round at a time, a failed one only logged. */
import type { Logger } from '#infra/logger.ts';

/** A piece of work that is done again and again. */
export type Chore = {
  readonly everyMs: number;
  /** Does one round and counts what it did. */
  readonly work: () => Promise<number>;
  /** What is logged when a round did something, and when it failed: the next one tries again. */
  readonly done: string;
  readonly failed: string;
  readonly logger: Logger;
};

/** Starts a chore: its first round comes when the interval has passed, or when `now` is called. */
export function startChore({ everyMs, work, done, failed, logger }: Chore): {
  readonly now: () => void;
  readonly stop: () => void;
} {
  let working = false;
  const now = () => {
    if (working) return;
    working = true;
    work()
      .then(
        (count) => count > 0 && logger.info({ count }, done),
        (error: unknown) => logger.warn({ err: error }, failed),
      )
      .finally(() => {
        working = false;
      });
  };
  const timer = setInterval(now, everyMs);
  return { now, stop: () => clearInterval(timer) };
}
