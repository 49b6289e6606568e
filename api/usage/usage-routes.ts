/** What the person's goals have used up today, and what they may. */
import { z } from 'zod';
import { principalOf } from '../auth.ts';
import type { PeopleStore } from '../directory/people-store.ts';
import { operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { UsageStore } from './usage-store.ts';

const usedSchema = z.object({
  used: z.number(),
  reserved: z.number().describe('Held for calls under way; settled when they are answered'),
  limit: z.number().nullable().describe('With what you allowed on top today; null is no limit'),
});
const usageSchema = z
  .object({
    day: z.string().describe('YYYY-MM-DD in your zone'),
    zone: z.string().describe('IANA zone'),
    modelCalls: z.number(),
    modelTokens: usedSchema,
    costMicroUsd: usedSchema.describe('By the configured prices; 0 where none are'),
  })
  .meta({ id: 'DayUsage' });

const describe = operationsOf('goals');

/** Registers the route. */
export function usageRoutes(
  app: ZodInstance,
  deps: {
    readonly usage: UsageStore;
    readonly people: Pick<PeopleStore, 'zoneOf'>;
    readonly defaultZone: string;
  },
): void {
  app.get(
    '/v1/usage',
    {
      schema: {
        ...describe('getUsage', 'What all your goals have used up today, and your daily limits'),
        response: { 200: usageSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const zone = (await deps.people.zoneOf(owner)) ?? deps.defaultZone;
      return deps.usage.today(owner, zone);
    },
  );
}
