/**
 * What the same goals cost when written by hand for Temporal: the same activities on the same queues,
 * and nothing else. No plan is interpreted, nothing is journaled, published or checked.
 */
import {
  condition,
  defineUpdate,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import type { PlanResult, ReadRequest, ReadResult } from '#contracts/activities.ts';

/** The activities, by the queue that hosts them. */
export type BareActivities = {
  proposePlan(request: { readonly goal: string }): Promise<PlanResult>;
  listEvents(request?: Pick<ReadRequest, 'input'>): Promise<ReadResult>;
  sendEmail(): Promise<void>;
};

/** The person's decision. */
export const approveUpdate = defineUpdate<void>('approve');

const on = (kind: string) =>
  proxyActivities<BareActivities>({
    taskQueue: workflowInfo().taskQueue.replace(/-goals$/, `-${kind}`),
    startToCloseTimeout: '1 minute',
  });

/** Plan, three reads at once, one more. */
export async function readsAndFinal(goal: string): Promise<void> {
  await on('model').proposePlan({ goal });
  const { listEvents } = on('connectors');
  await Promise.all([listEvents(), listEvents(), listEvents()]);
  await listEvents();
}

/** Plan, then its reads one after the other; each gets what the one before it found, if anything. */
export async function readsInARow(goal: string): Promise<void> {
  const { plan } = await on('model').proposePlan({ goal });
  const { listEvents } = on('connectors');
  let window: Json = 'today';
  for (const { input } of plan?.steps ?? []) {
    const request: { readonly input: JsonObject } = { input: { ...(input as JsonObject), window } };
    const { value }: ReadResult = await listEvents(request);
    window = (isJsonObject(value) ? value['text'] : undefined) ?? 'today';
  }
}

/** Plan, wait for a person, send. */
export async function approvedSend(goal: string): Promise<void> {
  await on('model').proposePlan({ goal });
  let approved = false;
  setHandler(approveUpdate, () => {
    approved = true;
  });
  await condition(() => approved);
  await on('effects').sendEmail();
}

/** One activity: what a stalled task queue shows in. */
export async function oneRead(): Promise<void> {
  await on('connectors').listEvents();
}
