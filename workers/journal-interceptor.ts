/**
 * Publishes the journal events that ride on an activity, beside it. When that fails the activity fails
 * and is tried again, so that no event is lost; what it did is found again by its own idempotency.
 */
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import type { Pool } from 'pg';
import { type JournalEvent, journalHeader } from '#contracts/journal.ts';
import { goalIdOfWorkflow } from '#contracts/names.ts';
import { failure } from '#activities/failures.ts';
import { publishEvents } from '#activities/journal/publish.ts';

/** Builds the activity interceptor of a worker. */
export function journalInterceptor(pool: Pool) {
  return (context: Context): ActivityInterceptors => ({
    inbound: {
      async execute(input, next) {
        const goalId = goalIdOfWorkflow(context.info.workflowExecution?.workflowId ?? '');
        const events = eventsOf(input.headers);
        if (goalId === undefined || events.length === 0) return next(input);
        const [published, result] = await Promise.allSettled([
          publish(pool, goalId, events),
          next(input),
        ]);
        if (published.status === 'rejected') throw published.reason;
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      },
    },
  });
}

async function publish(pool: Pool, goalId: string, events: readonly JournalEvent[]): Promise<void> {
  try {
    await publishEvents(pool, goalId, events);
  } catch (cause) {
    throw failure('StorageUnavailableError', 'Postgres did not take the journal.', { cause });
  }
}

function eventsOf(headers: Headers): readonly JournalEvent[] {
  const payload = headers[journalHeader];
  if (payload === undefined) return [];
  return defaultPayloadConverter.fromPayload<readonly JournalEvent[]>(payload);
}
