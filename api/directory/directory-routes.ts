/** The directory of people and the catalogue of tools. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { personSchema } from '#contracts/schemas/common.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import { toolNames, tools } from '#contracts/tools.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { PeopleStore } from './people-store.ts';

const peopleSchema = z.strictObject({ people: z.array(personSchema).max(limits.peopleMax) });

const toolListSchema = z.object({
  tools: z.array(
    z.object({
      name: z.enum(toolNames),
      summary: z.string(),
      effectClass: z.enum(['read', 'prepare', 'reversible', 'commit']),
      tier: z.int().min(0).max(4),
      scope: z.string(),
      undo: z.string().nullable(),
      delayed: z
        .boolean()
        .optional()
        .describe('Leaves some time after its approval, so that it can still be stopped'),
      outputTrust: z.enum(['trusted', 'untrusted', 'derived']),
      sensitive: z.array(z.string()),
      inputSchema: z
        .record(z.string(), z.unknown())
        .describe('JSON Schema of the input, for editing an approval'),
    }),
  ),
});

/** Registers the routes. */
export function directoryRoutes(app: ZodInstance, deps: { readonly people: PeopleStore }): void {
  app.get(
    '/v1/people',
    {
      schema: {
        tags: ['directory'],
        operationId: 'listPeople',
        summary: 'The people you work with',
        response: { 200: peopleSchema },
      },
    },
    async (request) => ({ people: await deps.people.list(principalOf(request).owner) }),
  );
  app.put(
    '/v1/people',
    {
      schema: {
        tags: ['directory'],
        operationId: 'putPeople',
        summary: 'Add people, or replace those with the same address',
        body: peopleSchema,
        response: { 200: peopleSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { people } = request.body;
      const emails = people.map(({ email }) => email);
      const twice = emails.findIndex((email, i) => emails.indexOf(email) !== i);
      if (twice !== -1) {
        throw new Problem('invalid-input', 'Send each address once.', {
          errors: [{ path: `people[${twice}].email`, message: 'is in the list twice' }],
        });
      }
      await deps.people.upsert(owner, people);
      return { people: await deps.people.list(owner) };
    },
  );
  const catalogue = toolNames.map((name) => ({
    name,
    ...tools[name],
    sensitive: [...tools[name].sensitive],
    inputSchema: z.toJSONSchema(toolSchemas[name].input, { io: 'input', unrepresentable: 'any' }),
  }));
  app.get(
    '/v1/tools',
    {
      schema: {
        tags: ['directory'],
        operationId: 'listTools',
        summary: 'What a plan may use, and how dangerous each tool is',
        response: { 200: toolListSchema },
      },
    },
    () => ({ tools: catalogue as z.input<typeof toolListSchema>['tools'] }),
  );
}
