/**
 * The one POST that sends webhooks: guarded addresses, no redirect followed, no answer read. It signs
 * nothing and keeps nothing.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { checkEgress, type EgressMode } from '#activities/egress.ts';
import { failureTypeOf } from '#activities/failures.ts';
import { limits } from '#contracts/limits.ts';
import {
  checkPageUrl,
  guardedLookup,
  type Resolver,
  systemResolver,
} from '../research/address-guard.ts';
import { retryAfterMs } from '../research/retry-after.ts';
import type { WebhookMessage } from './message.ts';

/** What a receiver made of an attempt. `problem` is null when it took the message. */
export type Answer = {
  readonly status: number | null;
  readonly problem: string | null;
  /** How long the receiver wants to be left alone. */
  readonly retryAfterMs: number | undefined;
};

/** Where and how to post. */
export type PostOptions = {
  readonly mode: EgressMode;
  readonly resolve?: Resolver | undefined;
  readonly timeoutMs?: number | undefined;
};

/** Posts once. Never throws: whatever goes wrong is the answer's problem. */
export async function postWebhook(
  address: string,
  message: WebhookMessage,
  options: PostOptions,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? limits.webhookTimeoutMs);
  try {
    const url = checkPageUrl(options.mode, address);
    checkEgress(options.mode, url);
    const response = await send(url, message, options, timeout);
    response.destroy();
    return answerOf(response);
  } catch (error) {
    const problem = timeout.aborted ? 'It took too long to answer.' : reasonOf(error);
    return { status: null, problem, retryAfterMs: undefined };
  }
}

function send(
  url: URL,
  { headers, body }: WebhookMessage,
  { mode, resolve: resolver = systemResolver }: PostOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      // A connection of its own, so that no pooled socket skips the address check.
      agent: false,
      lookup: guardedLookup(mode, resolver),
      signal,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function answerOf({ statusCode: status = 0, headers }: IncomingMessage): Answer {
  if (status >= 200 && status < 300) return { status, problem: null, retryAfterMs: undefined };
  const asks = status === 429 || status === 503;
  const redirect = status >= 300 && status < 400;
  return {
    status,
    problem: `It answered ${status}${redirect ? '; redirects are not followed' : ''}.`,
    retryAfterMs: asks ? retryAfterMs(headers['retry-after']) : undefined,
  };
}

function reasonOf(error: unknown): string {
  if (failureTypeOf(error) !== undefined) return (error as Error).message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no connection';
  return `It could not be reached (${code}).`;
}
