/** What a run of the crash bench prints at its end. It judges nothing; the checker has. */
import { quantile } from '../performance/statistics.ts';
import type { ModelUse } from './aftermath.ts';
import type { BenchResult } from './bench.ts';
import { duplicatesIn } from './checker.ts';
import { opsOf } from './log.ts';

/** The report as lines. */
export function report(result: BenchResult): string[] {
  const { kills, hits, ended, effects, evidence, violations, seed, tookMs } = result;
  const ops = opsOf(evidence.log);
  const acknowledged = (call: string) =>
    ops.filter((op) => op.call.call === call && op.outcome.phase === 'ok').length;
  const slowest = kills.map(({ recovery }) => recovery.slowestMs);
  const restarts = kills.map(({ at, backAt }) => backAt - at);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const lost = (invariant: string) =>
    violations.filter((one) => one.invariant === invariant).length;
  return [
    `seed ${seed}, ${kills.length} kills in ${seconds(tookMs)}: ${count(kills.map(({ part }) => part))}`,
    `points: ${[...hits].map(([point, times]) => `${point} ${times}`).join(', ')}, by chance ${kills.filter(({ point }) => point === null).length}`,
    `goals: ${evidence.goals.length} (${[...ended].map(([state, times]) => `${state} ${times}`).join(', ')}), in ${evidence.goals.reduce((sum, { runs }) => sum + runs, 0)} runs`,
    `acknowledged: ${acknowledged('start')} starts, ${acknowledged('decide')} decisions, ${acknowledged('cancel')} cancellations; no certain answer: ${ops.filter(({ outcome }) => outcome.phase === 'unknown').length} calls`,
    `effects: ${effects.length} (${count(effects.map(({ operation }) => operation))})`,
    `restart: p50 ${seconds(quantile(restarts, 0.5))}, max ${seconds(Math.max(0, ...restarts))}; goals moved again: p50 ${seconds(quantile(slowest, 0.5))}, max ${seconds(Math.max(0, ...slowest))}`,
    `records: ${evidence.aftermath.audit.entries.length} audit entries; model calls given ${evidence.aftermath.given.calls}, settled ${evidence.aftermath.settled.calls}; tokens given ${tokens(evidence.aftermath.given)}, settled ${tokens(evidence.aftermath.settled)}`,
    `duplicates ${duplicatesIn(effects)}, lost goals ${lost('INV3')}, lost decisions ${lost('INV4')}, broken promises ${violations.length}`,
    ...violations.map(({ invariant, goalId, what }) => `  ${invariant} ${goalId} ${what}`),
  ];
}

const tokens = ({ inputTokens, outputTokens }: ModelUse) => inputTokens + outputTokens;

/** How often each name occurs: `worker 12, api 5`. */
function count(names: readonly string[]): string {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].map(([name, number]) => `${name} ${number}`).join(', ');
}
