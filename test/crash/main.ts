/**
 * What `npm run crash` runs: kills the parts of a stack with goals in flight and fails when a promise
 * was broken.
 *
 *   npm run crash -- --kills 300 --seed 1 --goals 40 --minutes 45
 */
import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';
import { report } from './report.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    goals: { type: 'string', default: '40' },
    minutes: { type: 'string', default: '45' },
  },
});
const startedAt = Date.now();
const stop = new AbortController();
// The stack is a process tree of its own: it is stopped in order, whatever ends the bench.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const result = await runBench({
  kills: Number(values.kills),
  seed: Number(values.seed),
  goals: Number(values.goals),
  limitMs: Number(values.minutes) * 60_000,
  signal: stop.signal,
  progress: (line) => {
    const seconds = ((Date.now() - startedAt) / 1_000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${line}\n`);
  },
});
process.stdout.write(`${report(result).join('\n')}\n`);
process.exit(result.violations.length > 0 || result.kills.length < Number(values.kills) ? 1 : 0);
