/** What triage said of the person's mail: shown, corrected, and whose mail gets drafts. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { addressSchema } from '#contracts/schemas/common.ts';
import { triageClassSchema } from '#contracts/schemas/triage.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { instantSchema, operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { TriageStore } from './triage-store.ts';

const itemSchema = z
  .object({
    account: z.string(),
    messageId: z.string(),
    threadId: z.string(),
    from: z.string(),
    subject: z.string(),
    receivedAt: instantSchema,
    class: triageClassSchema,
    reason: z.string(),
    confidence: z.number().describe('0 to 1, as the model says'),
    summary: z.string().nullable(),
    correctedClass: triageClassSchema.nullable().describe('What you said instead'),
  })
  .meta({ id: 'TriagedMail' });
const listSchema = z.object({ mails: z.array(itemSchema) });
const querySchema = z.strictObject({
  class: triageClassSchema.optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(50),
});
const mailParamsSchema = z.strictObject({
  account: addressSchema,
  messageId: z.string().min(1).max(1_024),
});
const correctionSchema = z.strictObject({ class: triageClassSchema });
const senderParamsSchema = z.strictObject({
  sender: z.union([
    addressSchema,
    z
      .string()
      .trim()
      .toLowerCase()
      .max(254)
      .regex(/^@[^\s@<>,;"']+\.[^\s@<>,;"']+$/, 'must be an address, or a domain as @example.com'),
  ]),
});
const senderBodySchema = z.strictObject({ drafts: z.boolean() });
const sendersSchema = z.object({
  senders: z.array(z.object({ sender: z.string(), drafts: z.boolean() })),
});

const describe = operationsOf('triage');

/** Registers the routes. */
export function triageRoutes(app: ZodInstance, { triage }: { readonly triage: TriageStore }): void {
  app.get(
    '/v1/triage',
    {
      schema: {
        ...describe('listTriage', 'Classified mail, newest first'),
        querystring: querySchema,
        response: { 200: listSchema },
      },
    },
    async (request) => {
      const { class: wanted, limit } = request.query;
      return { mails: await triage.list(principalOf(request).owner, wanted ?? null, limit) };
    },
  );
  app.patch(
    '/v1/triage/:account/:messageId',
    {
      schema: {
        ...describe('correctTriage', 'Correct a class; the next triage learns from it'),
        params: mailParamsSchema,
        body: correctionSchema,
        response: { 200: itemSchema },
      },
    },
    async (request) => {
      const { account, messageId } = request.params;
      const { owner } = principalOf(request);
      const item = await triage.correct(owner, account, messageId, request.body.class);
      if (item === null) throw noSuchMail();
      return item;
    },
  );
  app.get(
    '/v1/triage/senders',
    {
      schema: {
        ...describe('listTriageSenders', 'Senders for which you switched drafts off or on'),
        response: { 200: sendersSchema },
      },
    },
    async (request) => ({ senders: await triage.senders(principalOf(request).owner) }),
  );
  app.put(
    '/v1/triage/senders/:sender',
    {
      schema: {
        ...describe('putTriageSender', 'Switch drafts off or on for an address or a domain'),
        params: senderParamsSchema,
        body: senderBodySchema,
        response: { 200: sendersSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      await triage.putSender(owner, { ...request.params, ...request.body });
      return { senders: await triage.senders(owner) };
    },
  );
  app.delete(
    '/v1/triage/senders/:sender',
    {
      schema: {
        ...describe('deleteTriageSender', 'Forget what you said about a sender'),
        params: senderParamsSchema,
        response: { 200: sendersSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      if (!(await triage.removeSender(owner, request.params.sender))) throw noSuchSender();
      return { senders: await triage.senders(owner) };
    },
  );
}

const noSuchMail = () =>
  new Problem('not-found', 'No such mail was classified. GET /v1/triage lists those that were.');
const noSuchSender = () =>
  new Problem('not-found', 'Nothing is said about this sender. GET /v1/triage/senders lists all.');
