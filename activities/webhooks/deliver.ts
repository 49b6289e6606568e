/**
 * One attempt to deliver one journal event to one endpoint. When to try again is this activity's
 * answer to Temporal; it waits for nothing itself.
 */
import type { Pool } from 'pg';
import type { WebhookActivities, WebhookOutcome, WebhookRequest } from '#contracts/webhooks.ts';
import { failure } from '../failures.ts';
import { signedMessage } from './message.ts';
import { type Answer, type PostOptions, postWebhook } from './post.ts';
import { readTarget, recordAttempt, type Target } from './records.ts';

/** What delivering needs. */
export type WebhookDeps = PostOptions & {
  readonly pool: Pool;
  /** Opens the sealed secrets of endpoints. */
  readonly sealer: { open(sealed: string, endpointId: string): string };
};

/** Builds the activity. */
export function createWebhookActivities(deps: WebhookDeps): WebhookActivities {
  return { deliverWebhook: (request) => deliverWebhook(deps, request) };
}

/**
 * Sends the event once more, unless it was taken already.
 * Effect: a POST to the person's own receiver, and rows that tell how it went. Idempotency: at least
 * once; the receiver knows a repetition by `webhook-id`, which is the same on every attempt.
 * Heartbeats: no (one request, 15 s limit).
 * @throws RateLimitedError, ProviderUnavailableError with the pause before the next attempt
 */
async function deliverWebhook(deps: WebhookDeps, request: WebhookRequest): Promise<WebhookOutcome> {
  const target = await readTarget(deps.pool, request);
  if (target === null) return 'skipped';
  // After a rebuild of the journal an event may be dispatched again.
  if (target.outcome !== null) return target.outcome;
  if (!target.enabled) return skip(deps, request, target);
  return settle(deps, request, target, await attempt(deps, request, target));
}

async function attempt(deps: WebhookDeps, request: WebhookRequest, target: Target) {
  const { endpointId, event } = request;
  let secrets: string[];
  try {
    secrets = target.sealedSecrets.map((sealed) => deps.sealer.open(sealed, endpointId));
  } catch {
    const problem = 'Its secret cannot be opened with the present key. Rotate it.';
    return { status: null, problem, retryAfterMs: undefined };
  }
  return postWebhook(target.url, signedMessage(event, secrets, new Date()), deps);
}

async function skip(
  { pool }: WebhookDeps,
  request: WebhookRequest,
  { attempts }: Target,
): Promise<WebhookOutcome> {
  const problem = 'The endpoint is disabled.';
  const attempt = { attempts, status: null, problem, nextAttemptAt: null };
  await recordAttempt(pool, request, { ...attempt, state: 'skipped' });
  return 'skipped';
}

async function settle(
  { pool }: WebhookDeps,
  request: WebhookRequest,
  target: Target,
  { status, problem, retryAfterMs = 0 }: Answer,
): Promise<WebhookOutcome> {
  const made = { attempts: target.attempts + 1, status, problem, nextAttemptAt: null };
  if (problem === null) {
    await recordAttempt(pool, request, { ...made, state: 'delivered' });
    return 'delivered';
  }
  // Counted by what was sent, so that an attempt a dying worker lost is not missing at the end.
  const pauseMs = request.scheduleMs[target.attempts];
  if (pauseMs === undefined || status === 410) {
    await recordAttempt(pool, request, { ...made, state: 'failed' });
    return 'failed';
  }
  const nextMs = Math.max(pauseMs, retryAfterMs);
  const nextAttemptAt = new Date(Date.now() + nextMs);
  await recordAttempt(pool, request, { ...made, state: 'retrying', nextAttemptAt });
  const type = status === 429 ? 'RateLimitedError' : 'ProviderUnavailableError';
  throw failure(type, problem, { retryAfterMs: nextMs });
}
