/**
 * The client's side of the story, in the manner of Jepsen: every call to the api as it was made and as
 * it came back. A call that got no certain answer is `unknown` for ever; only a later one can tell.
 */
import { appendFileSync } from 'node:fs';
import type { GoalState } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';

/** What a client asks of the api. */
export type Call =
  | { readonly call: 'start'; readonly key: string; readonly goal: string }
  | {
      readonly call: 'decide';
      readonly goalId: string;
      readonly approvalId: string;
      readonly decisionId: string;
      readonly verdict: 'approve' | 'edit' | 'reject';
      /** The input as it is approved: the card's, or the edited one. */
      readonly input: JsonObject;
    }
  | { readonly call: 'cancel'; readonly goalId: string }
  | { readonly call: 'answer'; readonly goalId: string };

/** How a call came back. `unknown`: no answer, a 5xx, or "not confirmed yet". */
export type Outcome =
  | { readonly phase: 'ok'; readonly status: number; readonly goalId?: string }
  | { readonly phase: 'fail'; readonly status: number; readonly problem: string }
  | { readonly phase: 'unknown'; readonly reason: string };

/** One line of the log. `op` links a call with its outcome; `at` is milliseconds since 1970. */
export type Entry =
  | ({ readonly at: number; readonly op: number; readonly phase: 'invoke' } & Call)
  | ({ readonly at: number; readonly op: number } & Outcome)
  /** What the client saw of a goal without asking for a change. */
  | {
      readonly at: number;
      readonly phase: 'saw';
      readonly goalId: string;
      readonly state: GoalState;
    };

/** A log that grows. */
export class ClientLog {
  readonly entries: Entry[] = [];
  readonly #file: string | undefined;
  #ops = 0;

  /** @param file also kept as JSON lines, for looking at a failed run */
  constructor(file?: string) {
    this.#file = file;
  }

  /** Makes a call and logs both ends of it. The work never rejects. */
  async call(call: Call, work: () => Promise<Outcome>): Promise<Outcome> {
    this.#ops += 1;
    const op = this.#ops;
    this.#add({ at: Date.now(), op, phase: 'invoke', ...call });
    const outcome = await work();
    this.#add({ at: Date.now(), op, ...outcome });
    return outcome;
  }

  saw(goalId: string, state: GoalState): void {
    this.#add({ at: Date.now(), phase: 'saw', goalId, state });
  }

  #add(entry: Entry): void {
    this.entries.push(entry);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/** A call with how it came back; an open one counts as unknown. */
export type Op = {
  readonly call: Call;
  readonly at: number;
  readonly outcome: Outcome;
  readonly endedAt: number;
};

type Ended = { readonly at: number; readonly op: number } & Outcome;

/** The calls of a log, in the order they were made. */
export function opsOf(entries: readonly Entry[]): Op[] {
  const ends = new Map<number, Ended>();
  for (const entry of entries) {
    if (entry.phase !== 'invoke' && entry.phase !== 'saw') ends.set(entry.op, entry);
  }
  return entries.flatMap((entry) => {
    if (entry.phase !== 'invoke') return [];
    const outcome =
      ends.get(entry.op) ?? ({ phase: 'unknown', reason: 'never came back' } as const);
    const endedAt = 'at' in outcome ? outcome.at : Number.POSITIVE_INFINITY;
    return [{ call: entry, at: entry.at, outcome, endedAt }];
  });
}
