/**
 * Kills parts of a running stack with SIGKILL: at a named point inside a process, or at any moment.
 * Only by the process numbers of its own stack, and never one that is just starting.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartName, Stack } from '#test/support/stack.ts';
import { pick } from './goals.ts';

/** The parts that are killed. The sandbox is the world: it stays. */
const parts = ['worker', 'api', 'temporal', 'postgres'] as const satisfies readonly PartName[];
export type KilledPart = (typeof parts)[number];

/** Where a process can be made to die. */
export const points = [
  'C1',
  'C2',
  'C3-asked',
  'C3-answered',
  'C4',
  'C5',
  'C6',
  'C7',
  'C8',
  'C9',
  'C10',
  'C11',
  'C12',
  'C14',
] as const;
export type Point = (typeof points)[number];

export type Kill = {
  readonly number: number;
  readonly part: KilledPart;
  readonly at: number;
  /** The point it died at; null for a moment chosen by chance. */
  readonly point: Point | null;
  /** When another process was ready in its place. */
  readonly backAt: number;
};

const pollMs = 20;
const pointLimitMs = 15_000;
const backLimitMs = 60_000;
/** The supervisor gives up on a part that dies five times within 3 s of being ready. */
const minLifeMs = 3_200;

export class Killer {
  readonly #stack: Stack;
  readonly #dir: string;
  readonly #random: () => number;
  readonly #hits = new Map<Point, number>(points.map((point) => [point, 0]));
  readonly #kills = new Map<KilledPart, number>(parts.map((part) => [part, 0]));
  readonly #backAt = new Map<KilledPart, number>();
  #number = 0;

  /** @param dir where the plan is laid; the processes know it as ADJUTANT_CRASH_DIR */
  constructor(stack: Stack, dir: string, random: () => number) {
    this.#stack = stack;
    this.#dir = dir;
    this.#random = random;
  }

  /** How often each point was the place of death. */
  get hits(): ReadonlyMap<Point, number> {
    return this.#hits;
  }

  /** Kills once and resolves when the part runs again. @throws Error when it does not come back */
  async kill(): Promise<Kill> {
    const before = await this.#allRunning();
    const atPoint = this.#random() < 0.6 ? await this.#killAtPoint(before) : undefined;
    const { part, point, at } = atPoint ?? (await this.#killNow(before));
    const backAt = await this.#back(part, before[part]);
    this.#backAt.set(part, backAt);
    this.#kills.set(part, (this.#kills.get(part) ?? 0) + 1);
    if (point !== null) this.#hits.set(point, (this.#hits.get(point) ?? 0) + 1);
    this.#number += 1;
    return { number: this.#number, part, point, at, backAt };
  }

  async #killAtPoint(before: Pids): Promise<Death | undefined> {
    const found = join(this.#dir, 'killed');
    rmSync(found, { force: true });
    await this.#grown('worker');
    await this.#grown('api');
    writeFileSync(join(this.#dir, 'plan'), this.#rarest().join(' '));
    for (const until = Date.now() + pointLimitMs; Date.now() < until;) {
      await sleep(pollMs);
      if (existsSync(join(this.#dir, 'taken'))) break;
    }
    rmSync(join(this.#dir, 'plan'), { force: true });
    if (!existsSync(join(this.#dir, 'taken'))) return undefined;
    rmSync(join(this.#dir, 'taken'));
    while (!existsSync(found)) await sleep(pollMs);
    const { point, pid, at } = JSON.parse(readFileSync(found, 'utf8')) as {
      point: Point;
      pid: number;
      at: number;
    };
    const part = pid === before.api ? 'api' : 'worker';
    return { part, point, at };
  }

  /**
   * The points to die at, whichever is reached first: three, the ones that were hit least before the
   * others, or only one of these, which the common ones would never leave a chance.
   */
  #rarest(): Point[] {
    const weights = rarityOf(this.#hits, 2);
    const number = this.#random() < 0.5 ? 1 : 3;
    return Array.from({ length: number }, () => pick(this.#random, weights));
  }

  async #killNow(before: Pids): Promise<Death> {
    const part = pick(this.#random, rarityOf(this.#kills, 1));
    await this.#grown(part);
    await sleep(this.#random() * 400);
    process.kill(before[part], 'SIGKILL');
    return { part, point: null, at: Date.now() };
  }

  async #grown(part: KilledPart): Promise<void> {
    const age = Date.now() - (this.#backAt.get(part) ?? 0);
    if (age < minLifeMs) await sleep(minLifeMs - age);
  }

  /** One part may still be starting because another was killed. */
  async #allRunning(): Promise<Pids> {
    for (const until = Date.now() + backLimitMs; Date.now() < until; await sleep(pollMs)) {
      const now = this.#pids();
      if (isWhole(now)) return now;
    }
    throw new Error(`a part does not run: ${this.#stack.output()}`);
  }

  async #back(part: KilledPart, old: number): Promise<number> {
    for (const until = Date.now() + backLimitMs; Date.now() < until;) {
      const now = this.#pids()[part];
      if (now !== null && now !== old) return Date.now();
      await sleep(pollMs);
    }
    throw new Error(`${part} did not come back: ${this.#stack.output()}`);
  }

  #pids(): Readonly<Record<KilledPart, number | null>> {
    const { api, workers, temporal, postgres } = this.#stack.endpoints().pids;
    return { api, worker: workers[0] ?? null, temporal, postgres };
  }
}

type Pids = Readonly<Record<KilledPart, number>>;
type Death = Pick<Kill, 'part' | 'point' | 'at'>;

/** Each with its share in the next choice: the smaller, the more often it was chosen. */
function rarityOf<Item>(times: ReadonlyMap<Item, number>, power: number): [Item, number][] {
  return [...times].map(([item, number]) => [item, 1 / (1 + number) ** power]);
}

function isWhole(pids: Readonly<Record<KilledPart, number | null>>): pids is Pids {
  return Object.values(pids).every((pid) => pid !== null);
}
