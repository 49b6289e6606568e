/** The person's connected accounts: list, name, choose the default, disconnect. Connecting is a page. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { accountChangeSchema, accountViewSchema } from '#contracts/schemas/account.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { emailParamsSchema, operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { AccountStore } from './account-store.ts';
import type { RunAccountRequest } from './account-requests.ts';

/** What the routes stand on. */
export type AccountDeps = {
  readonly accounts: AccountStore;
  readonly runAccountRequest: RunAccountRequest;
};

const accountSchema = accountViewSchema.meta({ id: 'Account' });
const accountListSchema = z.object({ accounts: z.array(accountSchema) });
const disconnectedSchema = z.object({
  email: z.string(),
  leftToDo: z
    .string()
    .nullable()
    .describe('Set where the vendor keeps the consent until you take it back yourself'),
});

const describe = operationsOf('accounts');

/** Registers the routes. */
export function accountRoutes(
  app: ZodInstance,
  { accounts, runAccountRequest }: AccountDeps,
): void {
  app.get(
    '/v1/accounts',
    {
      schema: {
        ...describe('listAccounts', 'Your connected accounts, the default first'),
        response: { 200: accountListSchema },
      },
    },
    async (request) => ({ accounts: await accounts.list(ownerOf(request)) }),
  );
  app.patch(
    '/v1/accounts/:email',
    {
      schema: {
        ...describe('changeAccount', 'Name an account, or make it the default'),
        params: emailParamsSchema,
        body: accountChangeSchema,
        response: { 200: accountSchema },
      },
    },
    async (request) => {
      const owner = ownerOf(request);
      const { email } = request.params;
      const result = await accounts.change(owner, email, request.body);
      if (result === 'label_taken') {
        throw new Problem('invalid-input', 'Another of your accounts is called that.', {
          errors: [{ path: 'label', message: 'is the name of another account' }],
        });
      }
      const found = (await accounts.list(owner)).find((account) => account.email === email);
      if (result === 'unknown' || found === undefined) throw noSuchAccount();
      return found;
    },
  );
  app.delete(
    '/v1/accounts/:email',
    {
      schema: {
        ...describe('disconnectAccount', 'Forget an account and its tokens'),
        description: 'Takes the consent back at the vendor where it has a way to: Google has one.',
        params: emailParamsSchema,
        response: { 200: disconnectedSchema },
      },
    },
    async (request) => {
      const owner = ownerOf(request);
      const { email } = request.params;
      const { account, leftToDo } = await runAccountRequest({
        request: 'disconnectAccount',
        owner,
        account: email,
      });
      if (account === null) throw noSuchAccount();
      return { email, leftToDo };
    },
  );
}

/** Accounts are kept under the owner's address in lower case. */
function ownerOf(request: FastifyRequest): string {
  return principalOf(request).owner.toLowerCase();
}

function noSuchAccount(): Problem {
  return new Problem('not-found', 'No such account is connected. See GET /v1/accounts.');
}
