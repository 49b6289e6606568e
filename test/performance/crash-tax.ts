/**
 * The crash tax: goals completed a second when each of them lives through one kill of the worker, on
 * the real stack, against the same goals undisturbed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Stack, startStack } from '../support/stack.ts';
import { type Effort, ratioText, type Row } from './measurement.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';

const sizes = {
  default: { pairs: 3, goals: 20 },
  full: { pairs: 9, goals: 40 },
} as const;

/** Measures the crash tax. */
export async function measureCrashTax(effort: Effort): Promise<Row[]> {
  const { pairs, goals } = sizes[effort];
  await using stack = await startStack();
  await perSecond(stack, goals, 0); // Not counted: caches and connections fill.
  const blocks = await interleaved(
    pairs,
    () => perSecond(stack, goals, 1),
    () => perSecond(stack, goals, 0),
  );
  const ratios = blocks.map(({ a, b }) => a / b);
  const rate = (of: 'a' | 'b') => median(blocks.map((block) => block[of])).toFixed(2);
  return [
    {
      id: 'crash-tax',
      what: `goals/s with an approved mail, ${goals} at once, the worker killed while all are in flight (${pairs} pairs)`,
      measured: `${ratioText(median(ratios), bootstrapInterval(ratios))}; ${rate('a')}/s, undisturbed ${rate('b')}/s`,
      goal: '≥ 0.8× undisturbed',
    },
  ];
}

/** Starts all goals at once and approves each; kills the worker when half of them are approved. */
async function perSecond(stack: Stack, count: number, kills: 0 | 1): Promise<number> {
  const started = performance.now();
  let approved = 0;
  let killing: Promise<void> | undefined;
  const one = async (_: unknown, number: number) => {
    const text = `write to bob.keller@office.example.com that order ${number} is late`;
    const goalId = await stack.goal(text);
    const approval = await stack.approval(goalId, 120_000);
    while ((await stack.decide(approval, { verdict: 'approve' })).status >= 500) await sleep(100);
    approved += 1;
    if (kills === 1 && approved >= count / 2) killing ??= stack.kill9('worker');
    const { state } = await stack.ended(goalId, 120_000);
    if (state !== 'completed') throw new Error(`goal ${goalId} is ${state}`);
  };
  await Promise.all(Array.from({ length: count }, one));
  await killing;
  return (count * 1_000) / (performance.now() - started);
}
