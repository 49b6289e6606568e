/**
 * P3 and P4: bytes and events of histories, as the server counts them, against the same activities called
 * by hand. P3 asks what a step costs and whether the tenth costs what the thousandth does; P4 what large
 * results cost.
 */
import type { WorkflowHandle } from '@temporalio/client';
import type { BenchStack } from './bench-stack.ts';
import type { Effort, Row } from './measurement.ts';
import { readsInARow } from './scenarios.ts';

const stepCounts = { default: [10, 40, 100], full: [10, 40, 100, 1_000] } as const;
const largeSteps = 5;
const largeChars = 100 * 1024;
/** B(40)/B(10) of a history that grows by the same bytes a step; a quadratic one has 15. */
const linearMost = 4.05;
const largeShare = 50;

type Size = { readonly steps: number; readonly bytes: number; readonly events: number };
type Sizes = { readonly ours: Size; readonly bare: Size };

/** Measures P3: one row for each number of steps, and one for the slope. */
export async function measureHistory(stack: BenchStack, effort: Effort): Promise<Row[]> {
  const sizes: Sizes[] = [];
  for (const steps of stepCounts[effort]) sizes.push(await sizesOf(stack, steps, 0));
  const perStep = sizes.map((size): Row => {
    const { ours, bare } = size;
    return {
      id: 'P3',
      what: `history of ${ours.steps} reads in a row`,
      measured: `${inWords(ours)}; bare ${inWords(bare)}; ${ratio(size).toFixed(2)}× its bytes`,
      goal: '≤ 1.25× bare',
    };
  });
  const [ten, forty] = sizes;
  const last = sizes.at(-1);
  if (ten === undefined || forty === undefined || last === undefined) return perStep;
  const growth = forty.ours.bytes / ten.ours.bytes;
  const slope = (arm: keyof Sizes) =>
    (last[arm].bytes - ten[arm].bytes) / (last[arm].steps - ten[arm].steps);
  return [
    ...perStep,
    {
      id: 'P3',
      what: `growth of the history from 10 to 40 steps, and slope from 10 to ${last.ours.steps}`,
      measured:
        `${growth.toFixed(2)}×; ${slope('ours').toFixed(0)} B a step, ` +
        `bare ${slope('bare').toFixed(0)} B`,
      goal: `≤ ${linearMost}× (linear)`,
      holds: growth <= linearMost,
    },
  ];
}

/** Measures P4. */
export async function measureLargeResults(stack: BenchStack): Promise<Row[]> {
  const { ours, bare } = await sizesOf(stack, largeSteps, largeChars);
  const share = bare.bytes / ours.bytes;
  return [
    {
      id: 'P4',
      what: `history of ${largeSteps} reads that hand 100 KiB on`,
      measured: `${number(ours.bytes)} B, bare ${number(bare.bytes)} B: 1/${share.toFixed(0)}`,
      goal: `≤ 1/${largeShare} of bare`,
      holds: share >= largeShare,
    },
  ];
}

async function sizesOf(stack: BenchStack, steps: number, chars: number): Promise<Sizes> {
  const goal = readsInARow(steps, chars);
  return {
    ours: await sizeOf(await stack.start(goal), steps),
    bare: await sizeOf(await stack.startBare('readsInARow', goal), steps),
  };
}

async function sizeOf(handle: WorkflowHandle, steps: number): Promise<Size> {
  const result: unknown = await handle.result();
  // The bare workflow returns nothing; a goal that did not do all its steps would measure too little.
  const state = typeof result === 'object' && result !== null && 'state' in result && result.state;
  if (state !== false && state !== 'completed') throw new Error(`the goal is ${String(state)}`);
  const { historySize = Number.NaN, historyLength } = await handle.describe();
  return { steps, bytes: historySize, events: historyLength };
}

function ratio({ ours, bare }: Sizes): number {
  return ours.bytes / bare.bytes;
}

function inWords({ steps, bytes, events }: Size): string {
  const perStep = `${(events / steps).toFixed(1)} events and ${(bytes / steps).toFixed(0)} B a step`;
  return `${number(events)} events, ${number(bytes)} B (${perStep})`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
