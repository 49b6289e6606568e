/** How a person's mail looks and sounds: a signature for each address, and a profile of their tone. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { toneProfileSchema } from '#contracts/schemas/tone.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { deletedSchema, emailParamsSchema, instantSchema, operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { StyleStore } from './style-store.ts';

const signatureSchema = z.strictObject({
  signature: z
    .string()
    .max(limits.signatureMaxChars)
    .nullable()
    .describe('Plain text. Empty: none. Null: the provider’s own, where it has one'),
});
const toneSchema = z.object({
  profile: toneProfileSchema,
  source: z.enum(['learned', 'edited']),
  updatedAt: instantSchema,
});

const describe = operationsOf('mail style');

/** Registers the routes. */
export function styleRoutes(app: ZodInstance, deps: { readonly style: StyleStore }): void {
  const { style } = deps;
  app.get(
    '/v1/accounts/:email/signature',
    {
      schema: {
        ...describe('getSignature', 'What stands below mail from an address'),
        params: emailParamsSchema,
        response: { 200: signatureSchema },
      },
    },
    async (request) => ({
      signature: await style.signature(principalOf(request).owner, request.params.email),
    }),
  );
  app.put(
    '/v1/accounts/:email/signature',
    {
      schema: {
        ...describe('putSignature', 'Set what stands below mail from an address'),
        params: emailParamsSchema,
        body: signatureSchema,
        response: { 200: signatureSchema },
      },
    },
    async (request) => {
      const { signature } = request.body;
      await style.setSignature(principalOf(request).owner, request.params.email, signature);
      return { signature };
    },
  );
  toneRoutes(app, style);
}

function toneRoutes(app: ZodInstance, style: StyleStore): void {
  const find = async (owner: string) => {
    const kept = await style.tone(owner);
    if (kept !== null) return kept;
    throw new Problem('not-found', 'There is no profile yet. Start the goal "Learn my tone".');
  };
  app.get(
    '/v1/tone',
    {
      schema: { ...describe('getTone', 'How you write'), response: { 200: toneSchema } },
    },
    (request) => find(principalOf(request).owner),
  );
  app.put(
    '/v1/tone',
    {
      schema: {
        ...describe('putTone', 'Say how you write'),
        body: toneProfileSchema,
        response: { 200: toneSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      await style.setTone(owner, request.body);
      return find(owner);
    },
  );
  app.delete(
    '/v1/tone',
    {
      schema: {
        ...describe('deleteTone', 'Forget how you write'),
        response: { 200: deletedSchema },
      },
    },
    async (request) => {
      if (await style.removeTone(principalOf(request).owner)) return { deleted: true as const };
      throw new Problem('not-found', 'There is no profile.');
    },
  );
}
