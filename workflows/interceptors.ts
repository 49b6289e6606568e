/**
 * Lets unpublished journal events ride on activities, so that publishing them costs no history event
 * of its own. Loaded by the worker as a workflow interceptor module.
 */
import {
  defaultPayloadConverter,
  type Next,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { journalHeader } from '#contracts/journal.ts';
import { currentJournal } from './goal/journal.ts';

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

type Outbound = Required<WorkflowOutboundCallsInterceptor>;

/** @see https://typescript.temporal.io/api/interfaces/workflow.WorkflowInterceptors */
export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity: (input, next: Next<Outbound, 'scheduleActivity'>) =>
          carryJournal(input, next),
        scheduleLocalActivity: (input, next: Next<Outbound, 'scheduleLocalActivity'>) =>
          carryJournal(input, next),
      },
    ],
  };
}
