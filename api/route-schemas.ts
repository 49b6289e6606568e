/** Pieces of the routes' schemas that several of them share. */
import { z } from 'zod';
import { addressSchema } from '#contracts/schemas/common.ts';

/** A moment as answers write it. */
export const instantSchema = z.string().describe('RFC 3339');

/** The id in a path. */
export const idParamsSchema = z.strictObject({ id: z.string().max(64) });

/** The address in a path. */
export const emailParamsSchema = z.strictObject({ email: addressSchema });

/** The answer when something was deleted. */
export const deletedSchema = z.object({ deleted: z.literal(true) });

/** Names the operations of one tag of the OpenAPI document. */
export function operationsOf(tag: string) {
  return (operationId: string, summary: string) => ({ tags: [tag], operationId, summary });
}
