/**
 * The short form of the crash bench: the parts of a real stack are killed again and again under goals in
 * flight, and no promise is broken. The long form is `npm run crash`.
 */
import { expect, test } from 'vitest';
import { runBench } from '../crash/bench.ts';
import { report } from '../crash/report.ts';
import { keptSeeds } from '../crash/seeds.ts';

test.each(keptSeeds)(
  'seed $seed breaks no promise: $found',
  async ({ seed }) => {
    const lines: string[] = [];
    const progress = (line: string) => lines.push(line);
    const result = await runBench({ kills: 20, seed, goals: 12, limitMs: 45_000, progress });
    console.log(report(result).join('\n'));
    expect(result.violations, lines.join('\n')).toEqual([]);
    // A slow machine kills less often in this time; none at all would prove nothing.
    expect(result.kills.length).toBeGreaterThanOrEqual(3);
    expect(result.evidence.goals.length).toBeGreaterThan(12);
    expect(result.effects.length).toBeGreaterThan(0);
  },
  480_000,
);
