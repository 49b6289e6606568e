/** Connected accounts over HTTP and on the command line. No token is ever part of them. */
import { z } from 'zod';
import { providers } from '../accounts.ts';
import { addressSchema, lineSchema } from './common.ts';

/** What a person calls an account, "work" or "private". Not an address, which names it as well. */
export const accountLabelSchema = lineSchema(40)
  .min(1)
  .refine((label) => !label.includes('@'), 'must be a name like "private", not an address');

/** A connected account as its owner sees it. */
export const accountViewSchema = z.object({
  email: addressSchema,
  provider: z.enum(providers),
  label: accountLabelSchema.nullable(),
  isDefault: z.boolean().describe('Where new events and mails go unless a goal says otherwise'),
  state: z.enum(['connected', 'reconnect_required']),
  scopes: z.array(z.string()).describe('What the vendor granted, in its own words'),
  connectedAt: z.iso.datetime({ offset: true }),
});
export type AccountView = z.infer<typeof accountViewSchema>;

/** Body of `PATCH /v1/accounts/{email}`. */
export const accountChangeSchema = z
  .strictObject({
    label: accountLabelSchema.nullable().optional(),
    isDefault: z.literal(true).optional().describe('There always is exactly one default'),
  })
  .refine((change) => change.label !== undefined || change.isDefault !== undefined, {
    message: 'give `label`, `isDefault` or both',
  });
export type AccountChange = z.infer<typeof accountChangeSchema>;
