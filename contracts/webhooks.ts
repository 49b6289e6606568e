/** What delivering events to webhooks is given and what becomes of it. */
import type { GoalEvent } from './journal.ts';

/** One event for one endpoint. */
export type WebhookRequest = {
  readonly endpointId: string;
  readonly event: GoalEvent;
  /** Pauses between attempts: one less than there are attempts. */
  readonly scheduleMs: readonly number[];
  /** An endpoint that has taken nothing for this long is disabled when a delivery is given up. */
  readonly disableAfterMs: number;
};
/** What became of a delivery. `skipped`: the endpoint is gone or disabled. */
export type WebhookOutcome = 'delivered' | 'failed' | 'skipped';
/** Queue `adjutant-connectors`. */
export interface WebhookActivities {
  /** Makes one attempt to deliver one event. */
  deliverWebhook(request: WebhookRequest): Promise<WebhookOutcome>;
}
