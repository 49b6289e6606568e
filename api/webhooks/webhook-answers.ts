/** The shapes of the answers about webhooks, for the OpenAPI document. */
import { z } from 'zod';
import { journalTypes } from '#contracts/journal.ts';
import { webhookEventType } from '#contracts/schemas/webhook.ts';
import { instantSchema } from '../route-schemas.ts';

const shape = {
  id: z.string(),
  url: z.string(),
  eventTypes: z.array(z.string()).describe('Kinds of events that are sent; empty means all'),
  state: z.enum(['enabled', 'failing', 'disabled']),
  reason: z.string().nullable().describe('Why it is failing or disabled'),
  stateChangedAt: instantSchema,
  previousSecretExpiresAt: instantSchema.nullable().describe('Until then two secrets sign'),
  createdAt: instantSchema,
};
export const webhookSchema = z.object(shape).meta({ id: 'Webhook' });

export const webhookListSchema = z.object({ webhooks: z.array(webhookSchema) });

export const webhookSecretSchema = z.object({
  ...shape,
  secret: z.string().describe('Shown this once: `whsec_` and base64, as Standard Webhooks says'),
});

export const webhookDetailSchema = z.object({
  ...shape,
  deliveries: z.array(
    z.object({
      goalId: z.string(),
      number: z.int(),
      type: z.enum(journalTypes.map(webhookEventType)),
      state: z.enum(['retrying', 'delivered', 'failed', 'skipped']),
      attempts: z.int(),
      lastStatus: z.int().nullable().describe('HTTP status of the last attempt'),
      detail: z.string().nullable().describe('Why the last attempt failed'),
      lastAttemptAt: instantSchema,
      nextAttemptAt: instantSchema.nullable(),
    }),
  ),
});
