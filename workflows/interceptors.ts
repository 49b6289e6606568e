/**
 * Lets unpublished journal events ride on activities, so that publishing them costs no history event
 * of its own, marks what never enters a history, so that it is not put into storage for it, and keeps
 * queries from carrying a workflow on. Loaded by the worker as a workflow interceptor module.
 */
import {
  ActivityCancellationType,
  type ActivityInput,
  CancellationScope,
  defaultPayloadConverter,
  type LocalActivityInput,
  type Next,
  patched,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { Inline, markInline } from '#contracts/inline.ts';
import { journalHeader } from '#contracts/journal.ts';
import { currentJournal } from './goal/journal.ts';
import { queryGuard } from './query-guard.ts';
import { retelling } from './retelling.ts';

type WithHeaders = { readonly headers: Record<string, unknown> };

async function carryJournal<Input extends WithHeaders>(
  input: Input,
  next: (input: Input) => Promise<unknown>,
): Promise<unknown> {
  const journal = currentJournal();
  const events = journal?.take() ?? [];
  if (journal === undefined || events.length === 0) return next(input);
  const headers = { ...input.headers, [journalHeader]: defaultPayloadConverter.toPayload(events) };
  try {
    return await next({ ...input, headers });
  } catch (error) {
    // The activity may have failed before it published; publishing twice changes nothing.
    journal.putBack(events);
    throw error;
  }
}

/**
 * Cancelling ends the wait for an activity at once. Left to SDK 1.24.0 the wait ends a little later, live
 * before what local activities come to and in a replay after it (measured 2026-11-22).
 */
async function untilCancelled<Result>(
  { options }: ActivityInput,
  result: Promise<Result>,
): Promise<Result> {
  const waits = options.cancellationType === ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  if (waits) return result;
  const cancelled = CancellationScope.current().cancelRequested.catch((error: unknown) => {
    if (patched('cancels-at-once')) throw error;
    return new Promise<never>(() => undefined);
  });
  return Promise.race([result, cancelled]);
}

/** Arguments and headers of a local activity stay in the worker that runs it. */
function allInline(input: LocalActivityInput): LocalActivityInput {
  const headers = Object.entries(input.headers).map(
    ([name, payload]) => [name, markInline(payload, 'worker')] as const,
  );
  return {
    ...input,
    args: input.args.map((argument) => new Inline(argument, 'worker')),
    headers: Object.fromEntries(headers),
  };
}

type Inbound = Required<WorkflowInboundCallsInterceptor>;
type Outbound = Required<WorkflowOutboundCallsInterceptor>;

/** @see https://typescript.temporal.io/api/interfaces/workflow.WorkflowInterceptors */
export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        handleQuery: async (input, next: Next<Inbound, 'handleQuery'>) =>
          new Inline(await next(input), 'message'),
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next: Next<Outbound, 'scheduleActivity'>) =>
          carryJournal(input, (carrying) => untilCancelled(carrying, next(carrying))),
        scheduleLocalActivity: (input, next: Next<Outbound, 'scheduleLocalActivity'>) =>
          carryJournal(input, (carrying) => next(allInline(carrying))),
      },
    ],
    internals: [queryGuard(), retelling()],
  };
}
