/**
 * Has a worker do what needs an account's tokens, and waits for it. The api itself never opens a token.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  type Client,
  WorkflowFailedError,
} from '@temporalio/client';
import type { AccountRequest, AccountOutcome } from '#contracts/accounts.ts';
import { failures } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import { accountWorkflowId, queueName, workflowTypes } from '#contracts/names.ts';
import type { AccountWorkflow } from '#contracts/workflows.ts';
import { UnavailableError } from '../errors.ts';

/** Thrown when the work was refused; the message is for the person. */
export class AccountRequestError extends Error {
  override readonly name = 'AccountRequestError';
}

/**
 * Does one piece of work on accounts.
 * @throws AccountRequestError when it was refused, UnavailableError when nobody answered in time
 */
export type RunAccountRequest = (asked: AccountRequest) => Promise<AccountOutcome>;

/** A RunAccountRequest on a Temporal connection. */
export function createAccountRequests(client: Client, queuePrefix: string): RunAccountRequest {
  return async (asked) => {
    const id = 'signInId' in asked ? asked.signInId : crypto.randomUUID();
    try {
      return await client.withDeadline(Date.now() + limits.accountRequestMs, () =>
        client.workflow.execute<AccountWorkflow>(workflowTypes.account, {
          args: [asked],
          workflowId: accountWorkflowId(asked.request, id),
          taskQueue: queueName(queuePrefix, 'goals'),
          workflowExecutionTimeout: limits.accountRequestMs,
          staticSummary: asked.request,
        }),
      );
    } catch (error) {
      const reason = refusalOf(error);
      if (reason !== undefined) throw new AccountRequestError(reason, { cause: error });
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
