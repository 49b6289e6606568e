/**
 * Effects through the ledger and the real handlers, with one request of each failing: what
 * performEffect makes of it, attempt after attempt as Temporal makes them, and what the oracle then
 * counts. Which effects there are is for the tests to say; nothing here knows a vendor.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { approvalIdOf } from '#contracts/names.ts';
import { failures } from '#contracts/failures.ts';
import type { EffectReceipt } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { storePayload } from '#activities/effects/payloads.ts';
import { performEffect } from '#activities/effects/perform.ts';
import { undoEffect } from '#activities/effects/undo.ts';
import { failureTypeOf } from '#activities/failures.ts';
import type { StoredEvent, StoredMessage } from '#infra/sandbox/office/state.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';
import { decide, newGoalId, testKeys } from '#test/support/effects.ts';
import { askOracle, setFault } from './sandbox-clients.ts';
import { afterwardsMs, type FaultName, faults, faultSeed, type Moments } from './twelve-faults.ts';

/** What is asked for, and of whom. Every title and subject of a scene holds its `name`. */
export type Scene = {
  readonly tool: EffectToolName;
  /** True where the effect is there already and what meets faults is its undo. */
  readonly takesBack?: boolean;
  prepare(name: string): Promise<JsonObject>;
};

/** One person at one vendor, and somebody who is told of what they do. */
export type Cast = {
  readonly owner: string;
  readonly colleague: string;
};

/** One writing request of an effect: the n-th of its method. */
type Write = { readonly method: string; readonly ordinal: number };
/** What the oracle finds of a scene: effects by operation, and what lies in calendars and mailboxes. */
export type Census = {
  readonly operations: Readonly<Record<string, number>>;
  readonly events: number;
  readonly sent: number;
  readonly received: number;
};
export type Ending = {
  readonly outcome: 'confirmed' | 'not_done' | 'unknown';
  readonly census: Census;
};

/** One attempt; what cannot be found out is looked for so long. */
type Attempt = (reconcileForMs: number) => Promise<EffectReceipt>;
/** How often each operation happened under each key. */
type Counts = ReadonlyMap<string, { readonly operation: string; readonly count: number }>;

/** Reads that are POSTs, and tokens. */
const readingPosts = '/token|/freeBusy|/getSchedule|/\\$batch';
const attemptsMax = 12;

/** A sandbox and a ledger on which scenes are played. */
export class FaultBench implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly database: TestDatabase;
  readonly cast: Cast;
  readonly #keys = testKeys();
  readonly #clock: { offsetMs: number };
  #preparing: ReadonlyMap<string, EffectHandler> = new Map();
  #acting: ReadonlyMap<string, EffectHandler> = new Map();
  readonly #plain = new Map<Scene, { writes: Write[]; census: Census }>();
  /** How often each outcome came. */
  readonly outcomes = { confirmed: 0, not_done: 0, unknown: 0 };

  private constructor(sandbox: Sandbox, database: TestDatabase, cast: Cast, clock: never) {
    this.sandbox = sandbox;
    this.database = database;
    this.cast = cast;
    this.#clock = clock;
  }

  static async start(cast: Cast, knobs: object): Promise<FaultBench> {
    const clock = { offsetMs: 0 };
    const now = () => new Date(Date.now() + clock.offsetMs);
    const sandbox = await startSandbox({ now, knobs });
    const database = await createTestDatabase();
    return new FaultBench(sandbox, database, cast, clock as never);
  }

  /** Handlers that prepare with patience, and the same that act with little. */
  use(preparing: readonly EffectHandler[], acting: readonly EffectHandler[]): void {
    this.#preparing = new Map(preparing.map((handler) => [handler.tool, handler]));
    this.#acting = new Map(acting.map((handler) => [handler.tool, handler]));
  }

  /** A local time some days from now, each time on another day. */
  nextDay(): string {
    this.#day += 1;
    const ms = this.sandbox.office.now().getTime() + (3 + (this.#day % 300)) * 86_400_000;
    return new Date(ms).toISOString().slice(0, 10);
  }
  #day = 0;

  /** The requests by which a scene writes when nothing fails, and what comes of them. */
  async plain(scene: Scene): Promise<{ writes: Write[]; census: Census }> {
    const known = this.#plain.get(scene);
    if (known !== undefined) return known;
    const name = `plain ${this.#plain.size}.`;
    const counted = new Map<string, number>();
    const ending = await this.#play(scene, name, async () => {
      const seen = (await askOracle<object[]>(this.sandbox, 'requests')).length;
      return async () => {
        const requests = await askOracle<{ method: string; path: string }[]>(
          this.sandbox,
          'requests',
        );
        for (const { method, path } of requests.slice(seen)) {
          if (method === 'GET' || new RegExp(readingPosts).test(path)) continue;
          counted.set(method, (counted.get(method) ?? 0) + 1);
        }
      };
    });
    if (ending.outcome !== 'confirmed') throw new Error(`Not done without a fault: ${scene.tool}`);
    const writes = [...counted].flatMap(([method, count]) =>
      Array.from({ length: count }, (_, index) => ({ method, ordinal: index + 1 })),
    );
    const found = { writes, census: ending.census };
    this.#plain.set(scene, found);
    return found;
  }

  /** Plays a scene while one of its writes fails. */
  async withFault(
    scene: Scene,
    name: string,
    { fault, write, moments }: { fault: FaultName; write: Write; moments: Moments },
  ): Promise<Ending> {
    const match = { method: write.method, pathRegex: `^(?!.*(${readingPosts}))` };
    const ending = await this.#play(scene, name, async () => {
      // A delay of nothing lets the writes before it pass.
      const times = write.ordinal - 1;
      if (times > 0) await setFault(this.sandbox, { match, times, action: 'delay', delayMs: 0 });
      const { action } = faults[fault];
      const late = action === 'delay' ? { delayMs: moments.lateMs } : {};
      await setFault(this.sandbox, { match, ...faults[fault], ...late });
      if (moments.othersMs > 0) {
        const slow = { action: 'delay', delayMs: moments.othersMs, times: 10_000 };
        await setFault(this.sandbox, { match: {}, ...slow });
      }
      return async () => {
        await fetch(`${this.sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
        await sleep(afterwardsMs(fault, moments));
      };
    });
    this.outcomes[ending.outcome] += 1;
    this.#forget(name);
    return ending;
  }

  /** `around` runs when all is approved; what it returns runs when the effect has ended. */
  async #play(
    scene: Scene,
    name: string,
    around: () => Promise<() => Promise<void>>,
  ): Promise<Ending> {
    const input = await scene.prepare(name);
    const { perform, undo } = await this.#approved(scene.tool, input);
    const run = scene.takesBack === true ? undo(await perform(0)) : perform;
    const before = this.#counts();
    const finish = await around();
    const outcome = await this.#attempts(run);
    await finish();
    return { outcome, census: this.#census(name, before) };
  }

  /** Prepares an effect, stores it, and approves it; returns one attempt of it and of its undo. */
  async #approved(
    tool: EffectToolName,
    input: JsonObject,
  ): Promise<{ perform: Attempt; undo: (done: EffectReceipt) => Attempt }> {
    const handler = this.#preparing.get(tool)!;
    const { owner } = this.cast;
    const goalId = newGoalId();
    const now = this.sandbox.office.now().toISOString();
    const context = { goalId, owner, zone: 'Europe/Berlin', stepId: 's1', now };
    const { payload, card } = await handler.prepare(context, input);
    const digest = await storePayload(
      this.database.pool,
      { goalId, stepId: 's1' },
      {
        content: { tool, input, payload, policyVersion: 'p1' },
        card: { ...card, undo: null },
        context: [],
        tainted: false,
      },
    );
    const approvalId = approvalIdOf(goalId, 's1', 1);
    const decision = { goalId, approvalId, digest, actor: owner };
    await decide(this.database.pool, this.#keys, decision);
    const deps = {
      pool: this.database.pool,
      ledgerKey: this.#keys.ledgerKey,
      decisionPublicKey: this.#keys.decisionPublicKey,
      unsignedDecisions: 'refuse',
      handlers: this.#acting,
    } as const;
    const asked = { context, tool, revision: 1, digest, mode: 'live', approvalId } as const;
    const { signal } = new AbortController();
    return {
      perform: (reconcileForMs) =>
        performEffect(deps, { ...asked, reconcileForMs, reconcileOnly: false }, signal),
      undo:
        ({ effectKey }) =>
        () =>
          undoEffect(deps, { context, tool, revision: 1, effectKey }, signal),
    };
  }

  /** Attempts until there is an end, with waits that grow; at last it is not looked for any more. */
  async #attempts(run: Attempt): Promise<Ending['outcome']> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { outcome } = await run(attempt < attemptsMax ? 3_600_000 : 0);
        if (outcome === 'shadow') throw new Error('Nothing here is a rehearsal.');
        return outcome;
      } catch (error) {
        const type = failureTypeOf(error);
        if (type === undefined || attempt > attemptsMax) throw error;
        if (failures[type].category === 'permanent') return 'not_done';
        this.#clock.offsetMs += Math.min(1_000 * 2 ** attempt, 120_000);
      }
    }
  }

  #counts(): Counts {
    const rows = this.sandbox.office.state.effects;
    return new Map(
      rows.map(({ operation, account, key, count }) => [
        `${operation} ${account} ${key}`,
        { operation, count },
      ]),
    );
  }

  /** What was done since, and what lies about under the scene's name. */
  #census(name: string, before: Counts): Census {
    const operations: Record<string, number> = {};
    for (const [id, { operation, count }] of this.#counts()) {
      const grown = count - (before.get(id)?.count ?? 0);
      if (grown === 0) continue;
      operations[operation] = (operations[operation] ?? 0) + grown;
    }
    const { office } = this.sandbox;
    const { owner, colleague } = this.cast;
    const events = Object.values(office.calendar(owner).events);
    return {
      operations,
      events: events.filter((event) => isLive(event, name)).length,
      sent: copiesIn(office.mailbox(owner).messages, name),
      received: copiesIn(office.mailbox(colleague).messages, name),
    };
  }

  /** Takes a scene's events away, so that later scenes do not wait for ever longer lists. */
  #forget(name: string): void {
    for (const { events } of Object.values(this.sandbox.office.state.calendars)) {
      for (const [id, event] of Object.entries(events)) {
        if ((event.summary ?? '').includes(name)) delete events[id];
      }
    }
  }

  /** What became of all that met a fault, in one line. */
  summary(): string {
    const { confirmed, not_done: not, unknown } = this.outcomes;
    const all = confirmed + not + unknown;
    const share = ((100 * unknown) / Math.max(all, 1)).toFixed(1);
    return `seed ${faultSeed}: ${all} writes met a fault: ${confirmed} done once, ${not} not done, ${unknown} unknown (${share} %)`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
  }
}

function isLive({ status, summary }: StoredEvent, name: string): boolean {
  return status !== 'cancelled' && (summary ?? '').includes(name);
}

/** Mails whose subject holds a name, drafts and trash apart. */
function copiesIn(messages: Readonly<Record<string, StoredMessage>>, name: string): number {
  return Object.values(messages).filter((message) => {
    const isKept = !message.labelIds.includes('DRAFT') && !message.labelIds.includes('TRASH');
    return isKept && subjectOf(message).includes(name);
  }).length;
}

const subjects = new WeakMap<StoredMessage, string>();
function subjectOf(message: StoredMessage): string {
  const known = subjects.get(message);
  if (known !== undefined) return known;
  const [, subject = ''] =
    /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(Buffer.from(message.raw, 'base64').toString()) ?? [];
  subjects.set(message, subject.replace(/\r\n/g, ''));
  return subject.replace(/\r\n/g, '');
}
