/**
 * Makes a journal event the signed message of Standard Webhooks. Text in sentences stays here: what
 * leaves are ids, states, numbers and instants.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { Webhook } from 'standardwebhooks';
import type { GoalEvent } from '#contracts/journal.ts';
import type { Json } from '#contracts/json.ts';
import { webhookMessageId } from '#contracts/names.ts';
import { webhookEventType } from '#contracts/schemas/webhook.ts';

/** A request ready to be sent. */
export type WebhookMessage = { readonly headers: Record<string, string>; readonly body: string };

/** Signs an event with each secret. The id and the body are the same on every attempt. */
export function signedMessage(
  event: GoalEvent,
  secrets: readonly string[],
  at: Date,
): WebhookMessage {
  const id = webhookMessageId(event.goalId, event.number);
  const body = JSON.stringify({
    type: webhookEventType(event.type),
    timestamp: event.at,
    data: { ...event, data: withoutSentences(event.data) },
  });
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body));
  return {
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Adjutant/0.1 (webhooks)',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': signatures.join(' '),
    },
    body,
  };
}

/** Ids, states, tool names, addresses of actors, instants. A question or a failure has spaces. */
const oneWord = /^[\w:.@+-]{1,200}$/;

/** Leaves out every text that is not one plain word; its key is gone, so that nobody reads half. */
export function withoutSentences(data: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => isPlain(value)));
}

function isPlain(value: Json): boolean {
  if (typeof value === 'string') return oneWord.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isPlain);
}
