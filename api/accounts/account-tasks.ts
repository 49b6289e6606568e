/**
 * Has a worker do what needs an account's tokens, and waits for it. The api itself never opens a token.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  type Client,
  WorkflowFailedError,
} from '@temporalio/client';
import type { AccountTask, AccountTaskOutcome } from '#contracts/accounts.ts';
import { failures } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import { accountWorkflowId, queueName, workflowTypes } from '#contracts/names.ts';
import type { AccountWorkflow } from '#contracts/workflows.ts';
import { UnavailableError } from '../errors.ts';

/** Thrown when the work was refused; the message is for the person. */
export class AccountTaskError extends Error {
  override readonly name = 'AccountTaskError';
}

/**
 * Does one piece of work on accounts.
 * @throws AccountTaskError when it was refused, UnavailableError when nobody answered in time
 */
export type RunAccountTask = (task: AccountTask) => Promise<AccountTaskOutcome>;

/** A RunAccountTask on a Temporal connection. */
export function createAccountTasks(client: Client, queuePrefix: string): RunAccountTask {
  return async (task) => {
    const id = 'signInId' in task ? task.signInId : crypto.randomUUID();
    try {
      return await client.withDeadline(Date.now() + limits.accountTaskMs, () =>
        client.workflow.execute<AccountWorkflow>(workflowTypes.account, {
          args: [task],
          workflowId: accountWorkflowId(task.task, id),
          taskQueue: queueName(queuePrefix, 'goals'),
          workflowExecutionTimeout: limits.accountTaskMs,
          staticSummary: task.task,
        }),
      );
    } catch (error) {
      const reason = refusalOf(error);
      if (reason !== undefined) throw new AccountTaskError(reason, { cause: error });
      throw new UnavailableError('Temporal', error);
    }
  };
}

/** What a worker refused, in words for the person; undefined when it did not get to that. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof WorkflowFailedError)) return undefined;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (!(cause instanceof ApplicationFailure)) return undefined;
  return Object.hasOwn(failures, cause.type ?? '') ? cause.message : undefined;
}
