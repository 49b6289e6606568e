/** Whether the process lives, whether it can work, and its metrics. Open to all; tells nothing private. */
import { z } from 'zod';
import { Problem } from './errors.ts';
import type { ZodInstance } from './zod-routes.ts';

/** What can be checked. Each check rejects when the system does not answer. */
export type HealthDeps = {
  readonly checkPostgres: () => Promise<void>;
  readonly checkTemporal: () => Promise<void>;
  readonly renderMetrics: () => Promise<string>;
};

/** Registers the routes. */
export function healthRoutes(app: ZodInstance, deps: HealthDeps): void {
  app.get(
    '/healthz',
    {
      schema: {
        tags: ['operations'],
        operationId: 'getHealth',
        summary: 'The process is alive',
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        tags: ['operations'],
        operationId: 'getReadiness',
        summary: 'Temporal and Postgres answer',
        response: {
          200: z.object({
            status: z.literal('ready'),
            temporal: z.literal('ok'),
            postgres: z.literal('ok'),
          }),
        },
      },
    },
    async () => {
      const [temporal, postgres] = await Promise.allSettled([
        deps.checkTemporal(),
        deps.checkPostgres(),
      ]);
      const down = [
        ...(temporal.status === 'rejected' ? ['Temporal'] : []),
        ...(postgres.status === 'rejected' ? ['Postgres'] : []),
      ];
      if (down.length > 0) {
        throw new Problem('unavailable', `${down.join(' and ')} not reachable.`, {
          members: {
            temporal: temporal.status === 'fulfilled' ? 'ok' : 'down',
            postgres: postgres.status === 'fulfilled' ? 'ok' : 'down',
          },
          headers: { 'retry-after': '2' },
        });
      }
      return { status: 'ready' as const, temporal: 'ok' as const, postgres: 'ok' as const };
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['operations'],
        operationId: 'getMetrics',
        summary: 'Metrics in the Prometheus text format',
        produces: ['text/plain'],
      },
    },
    async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.renderMetrics()),
  );
}
