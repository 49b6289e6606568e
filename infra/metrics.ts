/**
 * The api's metrics for Prometheus: requests as they happen, and counts read from Postgres when
 * asked, at most every five seconds. Labels are routes and states, never a person or a goal.
 */
import type { Pool } from 'pg';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const cacheMs = 5_000;

/** One finished request. */
export type ObservedRequest = {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
};
export type HttpMetrics = { observe(request: ObservedRequest): void };
/** The metrics of an api process. */
export type Metrics = HttpMetrics & { render(): Promise<string> };

/** Creates the metrics. When Postgres is away, its counts are left out and the rest is served. */
export function createMetrics(pool: Pick<Pool, 'query'>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({
    name: 'adjutant_http_requests_total',
    help: 'Requests answered.',
    labelNames,
    registers,
  });
  const duration = new Histogram({
    name: 'adjutant_http_duration_seconds',
    help: 'Time to answer a request.',
    labelNames,
    registers,
  });
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['state'], registers });
  const gauges: Readonly<Record<string, Gauge>> = {
    goals: gauge('adjutant_goals', 'Goals by state.'),
    approvals: gauge('adjutant_approvals', 'Approvals by state.'),
    effects: gauge('adjutant_effects', 'Effects by state of the ledger.'),
  };
  let readAt = -Infinity;
  return {
    observe({ method, route, status, seconds }) {
      const labels = { method, route, status: String(status) };
      requests.inc(labels);
      duration.observe(labels, seconds);
    },
    async render() {
      if (performance.now() - readAt > cacheMs) {
        readAt = performance.now();
        await readCounts(pool, gauges);
      }
      return registry.metrics();
    },
  };
}

const countsSql = `
  select 'goals' as kind, state, count(*)::int as count from goals group by state
  union all select 'approvals', state, count(*)::int from approvals group by state
  union all select 'effects', state, count(*)::int from effects group by state`;

async function readCounts(
  pool: Pick<Pool, 'query'>,
  gauges: Readonly<Record<string, Gauge>>,
): Promise<void> {
  type Row = { kind: string; state: string; count: number };
  const rows = await pool.query<Row>(countsSql).then(
    (answer) => answer.rows,
    (): Row[] => [],
  );
  for (const one of Object.values(gauges)) one.reset();
  for (const { kind, state, count } of rows) gauges[kind]?.set({ state }, count);
}
