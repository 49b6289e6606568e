/** Registering, watching and removing webhook endpoints. Sending is the workflows' business. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { webhookEventType, webhookInputSchema } from '#contracts/schemas/webhook.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import type { JournalFeed } from '../events/journal-feed.ts';
import { idParamsSchema } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import {
  webhookDetailSchema,
  webhookListSchema,
  webhookSchema,
  webhookSecretSchema,
} from './webhook-answers.ts';
import type { WebhookStore } from './webhook-store.ts';

/** What these routes need. */
export type WebhookRouteDeps = {
  readonly webhooks: WebhookStore;
  readonly feed: Pick<JournalFeed, 'end'>;
};

const noBodySchema = z.strictObject({}).nullish();

/** Registers the routes. */
export function webhookRoutes(app: ZodInstance, deps: WebhookRouteDeps): void {
  collectionRoutes(app, deps);
  endpointRoutes(app, deps);
  controlRoutes(app, deps);
}

function found<T>(webhook: T | null): T {
  if (webhook !== null) return webhook;
  throw new Problem('not-found', 'You have no webhook with this id. GET /v1/webhooks lists yours.');
}

function collectionRoutes(app: ZodInstance, deps: WebhookRouteDeps): void {
  app.post(
    '/v1/webhooks',
    {
      schema: {
        tags: ['events'],
        operationId: 'createWebhook',
        summary: 'Have events sent to an address of yours',
        description:
          'Events from now on are sent as Standard Webhooks: `{ type, timestamp, data }`, signed with the `secret` of this answer, which is shown only once.',
        body: webhookInputSchema,
        response: { 201: webhookSecretSchema },
      },
    },
    async (request, reply) => {
      const { owner } = principalOf(request);
      const created = await deps.webhooks.create(owner, request.body, await deps.feed.end());
      if (created === null) {
        throw new Problem('too-many-webhooks', `You have ${limits.webhooksPerOwner}. Delete one.`);
      }
      const { webhook, secret } = created;
      reply.header('location', `/v1/webhooks/${webhook.id}`);
      return reply.code(201).send({ ...webhook, secret });
    },
  );
  app.get(
    '/v1/webhooks',
    {
      schema: {
        tags: ['events'],
        operationId: 'listWebhooks',
        summary: 'Your webhooks, oldest first',
        response: { 200: webhookListSchema },
      },
    },
    async (request) => ({ webhooks: await deps.webhooks.list(principalOf(request).owner) }),
  );
}

function endpointRoutes(app: ZodInstance, deps: WebhookRouteDeps): void {
  app.get(
    '/v1/webhooks/:id',
    {
      schema: {
        tags: ['events'],
        operationId: 'getWebhook',
        summary: 'A webhook with its latest deliveries, newest first',
        params: idParamsSchema,
        response: { 200: webhookDetailSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const webhook = found(await deps.webhooks.find(owner, request.params.id));
      const deliveries = await deps.webhooks.deliveries(webhook.id);
      const shown = deliveries.map((one) => ({ ...one, type: webhookEventType(one.type) }));
      return { ...webhook, deliveries: shown };
    },
  );
  app.delete(
    '/v1/webhooks/:id',
    {
      schema: {
        tags: ['events'],
        operationId: 'deleteWebhook',
        summary: 'Send nothing more, and forget the deliveries',
        params: idParamsSchema,
        response: { 204: { type: 'null', description: 'Done' } },
      },
    },
    async (request, reply) => {
      const removed = await deps.webhooks.remove(principalOf(request).owner, request.params.id);
      found(removed ? true : null);
      return reply.code(204).send();
    },
  );
}

function controlRoutes(app: ZodInstance, deps: WebhookRouteDeps): void {
  app.post(
    '/v1/webhooks/:id/rotate-secret',
    {
      schema: {
        tags: ['events'],
        operationId: 'rotateWebhookSecret',
        summary: 'Make another secret; for 24 hours the one before signs too',
        params: idParamsSchema,
        body: noBodySchema,
        response: { 200: webhookSecretSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { webhook, secret } = found(await deps.webhooks.rotate(owner, request.params.id));
      return { ...webhook, secret };
    },
  );
  app.post(
    '/v1/webhooks/:id/enable',
    {
      schema: {
        tags: ['events'],
        operationId: 'enableWebhook',
        summary: 'Send again; what happened while it was disabled is not sent',
        params: idParamsSchema,
        body: noBodySchema,
        response: { 200: webhookSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      return found(await deps.webhooks.enable(owner, request.params.id, await deps.feed.end()));
    },
  );
}
