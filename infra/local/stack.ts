/**
 * Boots the parts of the local stack in order, connects them, and says where they are. Anything the
 * environment names as external is used instead of the part, and is neither started nor stopped.
 */
import { join } from 'node:path';
import { childEnvironment, type Config } from '../config.ts';
import { ensureDatabase, startEmbeddedPostgres } from '../postgres/embedded.ts';
import { migrate } from '../postgres/migrate.ts';
import { createPool } from '../postgres/pool.ts';
import { defaultSearch, resolveTemporal } from '../temporal/binary.ts';
import { startTemporal } from '../temporal/server.ts';
import {
  apiReady,
  nodePart,
  sandboxEnvironment,
  sandboxReady,
  workerReady,
  type Programs,
} from './parts.ts';
import { claimPort } from './ports.ts';
import type { RunningProcess } from './process.ts';
import { ensureSecrets } from './secrets.ts';
import type { StateDir } from './state-dir.ts';
import type { Supervisor } from './supervisor.ts';

/** What `endpoints.json` holds. A part that is external or not used is null. */
export type Endpoints = {
  readonly api: string;
  readonly docs: string;
  readonly temporalAddress: string;
  readonly temporalUi: string | null;
  readonly sandbox: string | null;
  readonly oracle: string | null;
  readonly databaseUrl: string;
  readonly pids: {
    readonly api: number | null;
    readonly workers: readonly number[];
    readonly temporal: number | null;
    readonly postgres: number | null;
    readonly sandbox: number | null;
  };
};

/** What a boot needs. */
export type BootOptions = {
  readonly config: Config;
  readonly state: StateDir;
  readonly supervisor: Supervisor;
  readonly programs: Programs;
  readonly progress: (line: string) => void;
  /** Ends slow preparations when the person gives up waiting. */
  readonly signal: AbortSignal;
  /** Stores the people of the sandbox office, tells who is the main one; safe to repeat. */
  readonly seed: (
    pool: ReturnType<typeof createPool>,
    oracleUrl: string,
  ) => Promise<{ readonly owner: string; readonly zone: string; readonly accounts: string }>;
};

/** A stack whose parts are all ready. */
export type BootedStack = {
  readonly token: string;
  /** Where everything is at this moment; process numbers change when parts are restarted. */
  endpoints(): Endpoints;
};

type SandboxAddresses = { readonly sandbox: string; readonly oracle: string };

/** Boots everything; resolves when the last part is ready. @throws Error in one line */
export async function boot(options: BootOptions): Promise<BootedStack> {
  const { config, supervisor } = options;
  const token = ensureSecrets(config);
  // Ports are checked before anything starts, so that a taken one leaves nothing to stop.
  const ports = await claimPorts(config);
  const [temporal, databaseUrl, sandbox] = await Promise.all([
    bootTemporal(options, ports),
    bootPostgres(options, ports),
    bootSandbox(options, ports),
  ]);
  const owner = sandbox === undefined ? {} : await seedOffice(options, databaseUrl, sandbox.oracle);
  const found = { temporal, databaseUrl, apiPort: ports.api, sandbox };
  const env = { ...productEnvironment(config, found), ...owner };
  const api = await bootProduct(options, env);
  return {
    token,
    endpoints() {
      const pids = supervisor.pids();
      return {
        api,
        docs: `${api}/docs`,
        temporalAddress: temporal.address,
        temporalUi: temporal.ui,
        sandbox: sandbox?.sandbox ?? null,
        oracle: sandbox?.oracle ?? null,
        databaseUrl,
        pids: {
          api: pids.get('api') ?? null,
          workers: [...pids].filter(([name]) => name.startsWith('worker')).map(([, pid]) => pid),
          temporal: pids.get('temporal') ?? null,
          postgres: pids.get('postgres') ?? null,
          sandbox: pids.get('sandbox') ?? null,
        },
      };
    },
  };
}

/** Which of the services the sandbox stands in for. */
export function replacedServices(config: Config) {
  return {
    model: config.model.apiKey === undefined,
    // A made-up account beside a real one would mix the office with the world.
    accounts: config.google.clientId === undefined && config.microsoft.clientId === undefined,
    search: config.search.tavilyApiKey === undefined,
  };
}

type Ports = Awaited<ReturnType<typeof claimPorts>>;

async function claimPorts(config: Config) {
  const { temporal, postgres, sandbox, api } = config;
  const claim = (needed: boolean, port: number, variable: string, use: string) =>
    needed ? claimPort(port, variable, use) : Promise.resolve(port);
  const own = !temporal.external;
  const [temporalPort, uiPort, postgresPort, sandboxPort, oraclePort, apiPort] = await Promise.all([
    claim(own, temporal.port, 'ADJUTANT_TEMPORAL_PORT', 'Temporal'),
    claim(own, temporal.uiPort, 'ADJUTANT_TEMPORAL_UI_PORT', "Temporal's Web UI"),
    claim(postgres.url === undefined, postgres.port, 'ADJUTANT_POSTGRES_PORT', 'Postgres'),
    claim(usesSandbox(config), sandbox.port, 'ADJUTANT_SANDBOX_PORT', 'the sandbox'),
    claim(usesSandbox(config), sandbox.oraclePort, 'ADJUTANT_ORACLE_PORT', 'the sandbox oracle'),
    claimPort(api.port, 'ADJUTANT_API_PORT', 'the api', api.host),
  ]);
  return {
    temporal: temporalPort,
    temporalUi: uiPort,
    postgres: postgresPort,
    sandbox: sandboxPort,
    oracle: oraclePort,
    api: apiPort,
  };
}

async function bootTemporal(options: BootOptions, ports: Ports) {
  const { config, state, progress, signal } = options;
  if (config.temporal.external) return { address: config.temporal.address, ui: null };
  const binary = await resolveTemporal(defaultSearch(progress, signal));
  await startPart(options, 'temporal', (onSpawn, stopped) =>
    startTemporal({
      binary: binary.path,
      port: ports.temporal,
      uiPort: ports.temporalUi,
      dbFile: join(state.path, 'temporal.db'),
      logFile: logFile(state, 'temporal'),
      onSpawn,
      signal: stopped,
    }),
  );
  return {
    address: `127.0.0.1:${ports.temporal}`,
    ui: `http://127.0.0.1:${ports.temporalUi}`,
  };
}

/** Resolves to the URL of the migrated database. */
async function bootPostgres(options: BootOptions, ports: Ports): Promise<string> {
  const { config, state, progress } = options;
  let url = config.postgres.url;
  if (url === undefined) {
    let adminUrl = '';
    await startPart(options, 'postgres', async (onSpawn, signal) => {
      const running = await startEmbeddedPostgres({
        dataDir: join(state.path, 'postgres'),
        port: ports.postgres,
        logFile: logFile(state, 'postgres'),
        progress,
        onSpawn,
        signal,
      });
      adminUrl = running.adminUrl;
      return running;
    });
    url = await ensureDatabase(adminUrl, 'adjutant');
  }
  await migrate(url);
  return url;
}

async function bootSandbox(
  options: BootOptions,
  ports: Ports,
): Promise<SandboxAddresses | undefined> {
  const { config, state, programs } = options;
  if (!usesSandbox(config)) return undefined;
  let addresses: SandboxAddresses | undefined;
  const flags = ['--port', ports.sandbox, '--oracle-port', ports.oracle, '--state-dir', state.path];
  await options.supervisor.start(
    nodePart({
      name: 'sandbox',
      program: programs.sandbox,
      args: flags.map(String),
      env: {},
      logFile: logFile(state, 'sandbox'),
      ready: sandboxReady,
      onReady: (answer) => (addresses = answer),
      onSpawn: (pid) => state.record('sandbox', pid),
    }),
  );
  return addresses;
}

/** Starts worker and api together; resolves to the address of the api. */
async function bootProduct(options: BootOptions, env: Record<string, string>): Promise<string> {
  const { state, programs, supervisor } = options;
  let url = '';
  const common = (name: string) => ({
    name,
    env,
    logFile: logFile(state, name),
    onSpawn: (pid: number) => state.record(name, pid),
  });
  await Promise.all([
    supervisor.start(
      nodePart({ ...common('worker'), program: programs.worker, ready: workerReady }),
    ),
    supervisor.start(
      nodePart({
        ...common('api'),
        program: programs.api,
        ready: apiReady,
        onReady: (answer) => (url = answer.url.replace(/\/$/, '')),
      }),
    ),
  ]);
  return url;
}

function productEnvironment(
  config: Config,
  found: {
    readonly temporal: { readonly address: string };
    readonly databaseUrl: string;
    readonly apiPort: number;
    readonly sandbox: SandboxAddresses | undefined;
  },
): Record<string, string> {
  return {
    ADJUTANT_STATE_DIR: config.stateDir,
    ADJUTANT_UNSIGNED_DECISIONS: config.unsignedDecisions,
    ADJUTANT_API_PORT: String(found.apiPort),
    ADJUTANT_MAKE_CURRENT: 'yes',
    TEMPORAL_ADDRESS: found.temporal.address,
    DATABASE_URL: found.databaseUrl,
    ...(found.sandbox && sandboxEnvironment(found.sandbox.sandbox, replacedServices(config))),
  };
}

/** Resolves to the variables that name the person the sandbox office is built around. */
async function seedOffice(
  options: BootOptions,
  databaseUrl: string,
  oracle: string,
): Promise<Record<string, string>> {
  const pool = createPool({ url: databaseUrl, applicationName: 'adjutant-seed', size: 2 });
  try {
    const main = await options.seed(pool, oracle);
    // What the person at the keyboard has set wins over the made-up person.
    const set = childEnvironment({});
    return {
      ADJUTANT_OWNER: set.ADJUTANT_OWNER ?? main.owner,
      ADJUTANT_ZONE: set.ADJUTANT_ZONE ?? main.zone,
      ADJUTANT_SANDBOX_ACCOUNTS: set.ADJUTANT_SANDBOX_ACCOUNTS ?? main.accounts,
    };
  } finally {
    await pool.end();
  }
}

function startPart(
  options: BootOptions,
  name: string,
  start: (onSpawn: (pid: number) => void, signal: AbortSignal) => Promise<RunningProcess>,
): Promise<void> {
  const onSpawn = (pid: number) => options.state.record(name, pid);
  return options.supervisor.start({ name, start: (signal) => start(onSpawn, signal) });
}

function usesSandbox(config: Config): boolean {
  const replaced = replacedServices(config);
  return replaced.model || replaced.accounts;
}

function logFile(state: StateDir, name: string): string {
  return join(state.path, 'logs', `${name}.log`);
}
