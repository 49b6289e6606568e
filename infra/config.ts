/**
 * Turns environment variables into one typed value. The only reader of process.env in the project;
 * it opens no socket and creates no file, and refuses a bad value with one line that says what to do.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  accountList,
  text,
  url,
  integer,
  port,
  choice,
  roleList,
  price,
  zone,
  workerRoles,
} from './config-fields.ts';

/** Thrown when the environment cannot be used; every line of `message` names a variable and the cure. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const envSchema = z.object({
  ADJUTANT_STATE_DIR: text('name a folder or unset it').default('.adjutant'),
  ADJUTANT_LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  ADJUTANT_OWNER: z
    .email({ error: 'is not an e-mail address: set the owner as name@domain' })
    .optional(),
  ADJUTANT_ZONE: zone.default(() => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'),
  ADJUTANT_API_HOST: text('set an address such as 127.0.0.1').default('127.0.0.1'),
  ADJUTANT_API_PORT: port(8080),
  ADJUTANT_PUBLIC_URL: url('set where people reach the api, or unset it').optional(),
  ADJUTANT_API_TOKEN: z
    .string()
    .min(16, 'is shorter than 16 characters: use a longer one')
    .optional(),
  ADJUTANT_UNSIGNED_DECISIONS: choice(['allow', 'refuse']).default('refuse'),
  ADJUTANT_TEMPORAL_PORT: port(7233),
  ADJUTANT_TEMPORAL_UI_PORT: port(8233),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'is not host:port: set it like 127.0.0.1:7233, or unset it')
    .optional(),
  TEMPORAL_NAMESPACE: text('name a namespace or unset it').default('default'),
  ADJUTANT_POSTGRES_PORT: port(5439),
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'is not a postgres:// URL: set postgres://user:password@host:port/database',
    })
    .optional(),
  ADJUTANT_SANDBOX_PORT: port(8090),
  ADJUTANT_ORACLE_PORT: port(8091),
  ADJUTANT_SANDBOX_URL: url('unset it, npm start sets it itself').optional(),
  ADJUTANT_SANDBOX_ACCOUNTS: accountList.optional(),
  OPENAI_API_KEY: text('set a key, or unset it to use the sandbox').optional(),
  OPENAI_BASE_URL: url(
    'set the address of the model server; unset it only if you mean the public API',
  ).optional(),
  ADJUTANT_MODEL_PRIMARY: text('name a model').optional(),
  ADJUTANT_MODEL_FAST: text('name a model').optional(),
  ADJUTANT_MODEL_PRIMARY_PRICE: price.optional(),
  ADJUTANT_MODEL_FAST_PRICE: price.optional(),
  ADJUTANT_DAY_TOKENS: integer(1, 1e12, 'set tokens, or unset it for no limit').optional(),
  ADJUTANT_DAY_COST_MICRO_USD: integer(1, 1e12, 'set micro-dollars, or unset it').optional(),
  ADJUTANT_MODEL_TIMEOUT_MS: integer(1_000, 3_600_000, 'set milliseconds').default(120_000),
  GOOGLE_CLIENT_ID: text('set the OAuth client id or unset it').optional(),
  GOOGLE_CLIENT_SECRET: text('set the OAuth client secret or unset it').optional(),
  ADJUTANT_GOOGLE_ROOT_URL: url('unset it to use Google itself').optional(),
  ADJUTANT_GOOGLE_TOKEN_URL: url('unset it to use Google itself').optional(),
  ADJUTANT_GOOGLE_AUTH_URL: url('unset it to use Google itself').optional(),
  ADJUTANT_GOOGLE_REVOKE_URL: url('unset it to use Google itself').optional(),
  MICROSOFT_CLIENT_ID: text('set the OAuth client id or unset it').optional(),
  MICROSOFT_CLIENT_SECRET: text('set the OAuth client secret or unset it').optional(),
  ADJUTANT_MICROSOFT_URL: url('unset it to use Microsoft Graph itself').optional(),
  ADJUTANT_MICROSOFT_AUTHORITY_URL: url('unset it to use Microsoft itself').optional(),
  TAVILY_API_KEY: text('set a key or unset it').optional(),
  ADJUTANT_SEARCH_URL: url('unset it to use the public search API').optional(),
  ADJUTANT_SEND_DELAY_MS: integer(0, 3_600_000, 'set milliseconds, 0 sends at once').default(
    30_000,
  ),
  ADJUTANT_TASK_QUEUE: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'is not a plain name: use letters, digits, dots, dashes')
    .default('adjutant'),
  ADJUTANT_DEPLOYMENT: text('name the deployment or unset it').default('adjutant'),
  ADJUTANT_BUILD_ID: text('name the build or unset it').optional(),
  ADJUTANT_MAX_CACHED_WORKFLOWS: integer(0, 100_000, 'set a count').default(200),
  ADJUTANT_WORKER_ROLES: roleList.default([...workerRoles]),
  ADJUTANT_MAKE_CURRENT: choice(['yes', 'no']).default('no'),
  ADJUTANT_WORKER_METRICS_PORT: integer(0, 65_535, 'set a port or unset it').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('set the collector address or unset it').optional(),
  ADJUTANT_LEDGER_KEY_FILE: text('name a file or unset it').optional(),
  ADJUTANT_DECISION_PRIVATE_KEY_FILE: text('name a file or unset it').optional(),
  ADJUTANT_DECISION_PUBLIC_KEY_FILE: text('name a file or unset it').optional(),
  ADJUTANT_CREDENTIALS_KEY_FILE: text('name a file or unset it').optional(),
  ADJUTANT_WEBHOOKS_KEY_FILE: text('name a file or unset it').optional(),
});
type Env = z.output<typeof envSchema>;

/** The settings of every process of the project. */
export type Config = ReturnType<typeof toConfig>;

/**
 * Reads and checks the environment.
 * @throws ConfigError with one line for each variable that cannot be used
 */
export function loadConfig(env: Readonly<NodeJS.ProcessEnv> = process.env): Config {
  const parsed = envSchema.safeParse(env);
  const problems = parsed.success
    ? missingTogether(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(problems.map((line) => line.replaceAll(/\s+/g, ' ')).join('\n'));
  }
  return toConfig(parsed.data);
}

/**
 * Returns a setting that this process cannot do without.
 * @throws ConfigError when it is not set
 */
export function requireSetting<T>(value: T | undefined, variable: string, why: string): T {
  if (value !== undefined) return value;
  throw new ConfigError(`${variable} is not set: ${why}`);
}

/**
 * Reads one secret file, such as `config.keys.ledgerFile`, without the line end.
 * @throws ConfigError when the file is missing, unreadable or empty
 */
export function readSecret(file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new ConfigError(`${file} cannot be read (${code}): run npm start once, or restore it`);
  }
  if (content === '') throw new ConfigError(`${file} is empty: restore it from a copy`);
  return content;
}

/** The whole environment, to hand on to a child process together with changes to it. */
export function childEnvironment(
  changes: Readonly<Record<string, string>>,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): NodeJS.ProcessEnv {
  return { ...env, ...changes };
}

function missingTogether(env: Env): string[] {
  const problems: string[] = [];
  if (env.OPENAI_API_KEY !== undefined && env.ADJUTANT_SANDBOX_URL === undefined) {
    for (const variable of ['ADJUTANT_MODEL_PRIMARY', 'ADJUTANT_MODEL_FAST'] as const) {
      if (env[variable] !== undefined) continue;
      problems.push(`${variable} is not set: name a model, because OPENAI_API_KEY is set`);
    }
  }
  for (const vendor of ['GOOGLE', 'MICROSOFT'] as const) {
    const pair = [`${vendor}_CLIENT_ID`, `${vendor}_CLIENT_SECRET`] as const;
    const missing = pair.filter((name) => env[name] === undefined);
    if (missing.length === 1) {
      problems.push(`${missing[0]} is not set: the id and the secret are used together`);
    }
  }
  return problems;
}

function toConfig(env: Env) {
  const stateDir = resolve(env.ADJUTANT_STATE_DIR);
  return {
    stateDir,
    logLevel: env.ADJUTANT_LOG_LEVEL,
    /** The person this installation works for, when there is exactly one. */
    owner: env.ADJUTANT_OWNER,
    /** IANA zone used when nothing better is known about a person. */
    zone: env.ADJUTANT_ZONE,
    release: {
      deployment: env.ADJUTANT_DEPLOYMENT,
      version: packageVersion(),
      buildId: env.ADJUTANT_BUILD_ID ?? defaultBuildId(),
    },
    api: {
      host: env.ADJUTANT_API_HOST,
      port: env.ADJUTANT_API_PORT,
      /** Where people reach the api, for what vendors send back; unset on one machine. */
      publicUrl: env.ADJUTANT_PUBLIC_URL,
      /** Bearer token; when undefined it is in `tokenFile`. */
      token: env.ADJUTANT_API_TOKEN,
      tokenFile: join(stateDir, 'token'),
    },
    unsignedDecisions: env.ADJUTANT_UNSIGNED_DECISIONS,
    /** How long an approved mail can still be stopped, where a goal's policy does not say. */
    sendDelayMs: env.ADJUTANT_SEND_DELAY_MS,
    temporal: {
      address: env.TEMPORAL_ADDRESS ?? `127.0.0.1:${env.ADJUTANT_TEMPORAL_PORT}`,
      /** True when TEMPORAL_ADDRESS names a server that someone else runs. */
      external: env.TEMPORAL_ADDRESS !== undefined,
      namespace: env.TEMPORAL_NAMESPACE,
      port: env.ADJUTANT_TEMPORAL_PORT,
      uiPort: env.ADJUTANT_TEMPORAL_UI_PORT,
    },
    /** Prefix of the task queues: `<prefix>-goals`, `-model`, `-connectors`, `-effects`. */
    taskQueue: env.ADJUTANT_TASK_QUEUE,
    worker: {
      roles: env.ADJUTANT_WORKER_ROLES,
      maxCachedWorkflows: env.ADJUTANT_MAX_CACHED_WORKFLOWS,
      /** True makes this worker's release current when it starts, as npm start does. */
      makeCurrent: env.ADJUTANT_MAKE_CURRENT === 'yes',
      metricsPort: env.ADJUTANT_WORKER_METRICS_PORT,
    },
    postgres: { url: env.DATABASE_URL, port: env.ADJUTANT_POSTGRES_PORT },
    sandbox: {
      /** Set = the product works in the sandbox office, and says so. */
      url: env.ADJUTANT_SANDBOX_URL,
      port: env.ADJUTANT_SANDBOX_PORT,
      oraclePort: env.ADJUTANT_ORACLE_PORT,
      /** Connected without asking; the owner's own at Google unless told. */
      accounts:
        env.ADJUTANT_SANDBOX_ACCOUNTS ??
        (env.ADJUTANT_OWNER === undefined
          ? []
          : [{ provider: 'google' as const, email: env.ADJUTANT_OWNER, label: undefined }]),
    },
    model: {
      apiKey: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL,
      primary: env.ADJUTANT_MODEL_PRIMARY,
      fast: env.ADJUTANT_MODEL_FAST,
      /** Dollars per million tokens. */
      prices: { primary: env.ADJUTANT_MODEL_PRIMARY_PRICE, fast: env.ADJUTANT_MODEL_FAST_PRICE },
      timeoutMs: env.ADJUTANT_MODEL_TIMEOUT_MS,
    },
    /** What a person's goals may use up together on one day of theirs. */
    dayBudget: {
      modelTokens: env.ADJUTANT_DAY_TOKENS,
      costMicroUsd: env.ADJUTANT_DAY_COST_MICRO_USD,
    },
    google: {
      clientId: env.GOOGLE_CLIENT_ID,
      clientSecret: env.GOOGLE_CLIENT_SECRET,
      rootUrl: env.ADJUTANT_GOOGLE_ROOT_URL,
      tokenUrl: env.ADJUTANT_GOOGLE_TOKEN_URL,
      authUrl: env.ADJUTANT_GOOGLE_AUTH_URL,
      revokeUrl: env.ADJUTANT_GOOGLE_REVOKE_URL,
    },
    microsoft: {
      clientId: env.MICROSOFT_CLIENT_ID,
      clientSecret: env.MICROSOFT_CLIENT_SECRET,
      /** Root of Microsoft Graph. */
      rootUrl: env.ADJUTANT_MICROSOFT_URL,
      authorityUrl: env.ADJUTANT_MICROSOFT_AUTHORITY_URL,
    },
    search: { tavilyApiKey: env.TAVILY_API_KEY, url: env.ADJUTANT_SEARCH_URL },
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    keys: {
      ledgerFile: resolve(env.ADJUTANT_LEDGER_KEY_FILE ?? join(stateDir, 'ledger.key')),
      decisionPrivateFile: resolve(
        env.ADJUTANT_DECISION_PRIVATE_KEY_FILE ?? join(stateDir, 'decision-signing.key'),
      ),
      decisionPublicFile: resolve(
        env.ADJUTANT_DECISION_PUBLIC_KEY_FILE ?? join(stateDir, 'decision-signing.pub'),
      ),
      credentialsFile: resolve(
        env.ADJUTANT_CREDENTIALS_KEY_FILE ?? join(stateDir, 'credentials.key'),
      ),
      webhooksFile: resolve(env.ADJUTANT_WEBHOOKS_KEY_FILE ?? join(stateDir, 'webhooks.key')),
    },
  };
}

function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}

/** Package version plus the commit, read from .git without starting git. */
function defaultBuildId(): string {
  const commit = headCommit();
  return commit === undefined ? packageVersion() : `${packageVersion()}-${commit.slice(0, 8)}`;
}

function headCommit(): string | undefined {
  try {
    const git = (path: string) => readFileSync(new URL(`../.git/${path}`, import.meta.url), 'utf8');
    const head = git('HEAD').trim();
    const commit = head.startsWith('ref: ') ? git(head.slice('ref: '.length)).trim() : head;
    return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
  } catch {
    return undefined; // No checkout, a packed ref or a worktree: the version alone is the build.
  }
}
