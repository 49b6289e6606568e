/**
 * Keeps a number of goals in flight: as soon as one ends, another starts. Goals that nobody follows
 * (their client gave up, but they had been accepted) are adopted, so that everything can come to an end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GoalState } from '#contracts/goal.ts';
import type { Board, Client } from './client.ts';
import { nextErrand, type Errand } from './goals.ts';
import { follow } from './person.ts';

export type CrowdOptions = {
  readonly client: Client;
  readonly random: () => number;
  /** How many goals are in flight. */
  readonly size: number;
  /** Starts a goal that continues as new again and again; undefined when it was not taken. */
  readonly startLong: (goal: string) => Promise<string | undefined>;
};

const boardMs = 250;

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #followed = new Set<string>();
  readonly #ended = new Map<GoalState, number>();
  readonly #giveUp = new AbortController();
  #board: Board | undefined;
  #started = 0;
  #isStopping = false;
  #moves = 0;
  readonly #loops: Promise<void>[];

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#loops = Array.from({ length: options.size }, () => this.#live());
    void this.#look();
  }

  /** Ids of the goals in flight. */
  get inFlight(): string[] {
    return [...this.#followed];
  }

  /** How many goals ended how. */
  get ended(): ReadonlyMap<GoalState, number> {
    return this.#ended;
  }

  /** Starts nothing more and waits until every goal has ended; ids of those that have not. */
  async finish(limitMs: number): Promise<string[]> {
    this.#isStopping = true;
    const late = setTimeout(() => this.#giveUp.abort(), limitMs);
    await Promise.all(this.#loops);
    const open = new Set(this.#followed);
    while (!this.#giveUp.signal.aborted) {
      const board = await this.#options.client.board();
      if (board?.states.size === 0 && board.approvals.length === 0) break;
      await sleep(boardMs);
    }
    for (const goalId of this.#board?.states.keys() ?? []) open.add(goalId);
    const isOver = !this.#giveUp.signal.aborted;
    clearTimeout(late);
    this.#giveUp.abort();
    return isOver ? [] : [...open];
  }

  async #live(): Promise<void> {
    const { client, random } = this.#options;
    while (!this.#isStopping) {
      await sleep(random() * 500);
      const errand = this.#nextErrand();
      const goalId = await (errand.kind === 'long'
        ? this.#options.startLong(errand.goal)
        : client.start(errand.goal, errand.abandons, this.#giveUp.signal));
      if (goalId !== undefined) await this.#follow(goalId, errand);
      if (errand.kind === 'move') this.#moves -= 1;
    }
  }

  /** They all move the same meeting, so there is one such goal at a time. */
  #nextErrand(): Errand {
    for (;;) {
      this.#started += 1;
      const errand = nextErrand(this.#options.random, this.#started);
      if (errand.kind !== 'move') return errand;
      if (this.#moves > 0) continue;
      this.#moves += 1;
      return errand;
    }
  }

  async #follow(goalId: string, errand: Pick<Errand, 'manner'>): Promise<void> {
    if (this.#followed.has(goalId)) return;
    this.#followed.add(goalId);
    const { client, random } = this.#options;
    const until = this.#giveUp.signal;
    const state = await follow(goalId, errand, { client, random, board: () => this.#board, until });
    if (state === undefined) return;
    this.#followed.delete(goalId);
    this.#ended.set(state, (this.#ended.get(state) ?? 0) + 1);
  }

  async #look(): Promise<void> {
    const firstSeen = new Map<string, number>();
    while (!this.#giveUp.signal.aborted) {
      this.#board = (await this.#options.client.board()) ?? this.#board;
      for (const goalId of this.#board?.states.keys() ?? []) {
        const seenAt = firstSeen.get(goalId) ?? Date.now();
        firstSeen.set(goalId, seenAt);
        // Its own person may just be about to learn its id.
        if (Date.now() - seenAt < 20_000 && !this.#isStopping) continue;
        if (!this.#followed.has(goalId)) void this.#follow(goalId, { manner: 'approve' });
      }
      await sleep(boardMs);
    }
  }
}
