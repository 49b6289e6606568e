/**
 * The main person of the office with both accounts connected, one at Google and one at Microsoft, on the
 * clients, stores and handlers a worker has.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadResult } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import { createCalendarReads } from '#activities/calendar/activities.ts';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { createDocumentStore } from '#activities/documents.ts';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { createEmailReads } from '#activities/email/activities.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import { createSignatures } from '#activities/email/signatures.ts';
import { createFileStore } from '#activities/files.ts';
import { createDirectory } from '#activities/people.ts';
import { loadConfig } from '#infra/config.ts';
import { sandboxEnvironment } from '#infra/local/parts.ts';
import { ensureSecrets } from '#infra/local/secrets.ts';
import { seedOffice } from '#infra/sandbox/seed.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectedAccounts } from '#workers/accounts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';
import { askOracle, type EffectRow } from './sandbox-clients.ts';

/** The account at Google, by which the person is known; and the private one at Microsoft. */
export const work = 'alex.morgan@office.example.com';
export const home = 'alex@morgan-family.example.org';

type Reads = ReturnType<typeof createCalendarReads> & ReturnType<typeof createEmailReads>;

/** A sandbox, a database, and what the person's steps run on. */
export class TwoAccounts implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly database: TestDatabase;
  readonly connected: Awaited<ReturnType<typeof connectedAccounts>>;
  readonly reads: Reads;
  readonly #handlers: ReadonlyMap<string, EffectHandler>;

  private constructor(
    sandbox: Sandbox,
    database: TestDatabase,
    connected: TwoAccounts['connected'],
  ) {
    this.sandbox = sandbox;
    this.database = database;
    this.connected = connected;
    const deps = {
      ...connected,
      directory: createDirectory(database.pool),
      documents: createDocumentStore(database.pool),
      files: createFileStore(database.pool),
      signatureOf: createSignatures(database.pool),
    };
    this.reads = { ...createCalendarReads(deps), ...createEmailReads(deps) };
    this.#handlers = new Map(
      [...createCalendarHandlers(deps), ...createEmailHandlers(deps)].map((h) => [h.tool, h]),
    );
  }

  static async start(): Promise<TwoAccounts> {
    const [sandbox, database] = await Promise.all([
      startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') }),
      createTestDatabase(),
    ]);
    const { owner, accounts } = await seedOffice(database.pool, sandbox.oracleUrl);
    const stateDir = mkdtempSync(join(tmpdir(), 'adjutant-accounts-'));
    const config = loadConfig({
      ADJUTANT_STATE_DIR: stateDir,
      ADJUTANT_OWNER: owner,
      ADJUTANT_SANDBOX_ACCOUNTS: accounts,
      ...sandboxEnvironment(sandbox.url, { model: true, accounts: true, search: true }),
    });
    ensureSecrets(config);
    const connected = await connectedAccounts(config, database.pool, alwaysCalls);
    rmSync(stateDir, { recursive: true });
    return new TwoAccounts(sandbox, database, connected);
  }

  context() {
    return stepContext(this.sandbox, work);
  }

  /** What a read gives. */
  async read<Value>(
    tool: keyof Reads,
    input: JsonObject,
  ): Promise<Value & { [name: string]: unknown }> {
    const request = { context: this.context(), input, trust: 'trusted' as const, origins: [] };
    const { value }: ReadResult = await this.reads[tool](request);
    return value as unknown as Value & { [name: string]: unknown };
  }

  prepare(tool: EffectToolName, input: JsonObject) {
    return this.handler(tool).prepare(this.context(), input);
  }

  handler(tool: EffectToolName): EffectHandler {
    return this.#handlers.get(tool)!;
  }

  /** The context of one effect, named for the test. */
  effect(name: string) {
    return effectContext(this.context(), name);
  }

  /** Prepares and performs in one. */
  async carryOut(tool: EffectToolName, input: JsonObject, name: string) {
    const prepared = await this.prepare(tool, input);
    const receipt = await this.handler(tool).perform(prepared.payload, this.effect(name));
    return { ...prepared, receipt };
  }

  /** What the oracle saw of one effect. */
  async seen(name: string): Promise<EffectRow[]> {
    const rows = await askOracle<EffectRow[]>(this.sandbox, 'effects');
    return rows.filter(({ key }) => key === effectKey(name));
  }

  /** An account that must be connected again. */
  async lose(account: string): Promise<void> {
    const { pool } = this.database;
    await pool.query(`update accounts set state = 'reconnect_required' where email = $1`, [
      account,
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
  }
}
