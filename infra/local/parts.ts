/**
 * The parts of the local stack and how each is started. It decides no order and restarts nothing
 * (see stack.ts and supervisor.ts).
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment } from '../config.ts';
import { startProcess, waitUntilReady } from './process.ts';
import type { Part } from './supervisor.ts';

/** Root of the project. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A TypeScript program of the project and its arguments. */
export type NodeProgram = { readonly file: string; readonly args?: readonly string[] };

/** The programs of a stack; tests replace them. */
export type Programs = {
  readonly sandbox: NodeProgram;
  readonly worker: NodeProgram;
  readonly api: NodeProgram;
};

/** The project's own programs. */
export const projectPrograms: Programs = {
  sandbox: { file: join(projectRoot, 'infra/sandbox/main.ts') },
  worker: { file: join(projectRoot, 'workers/main.ts') },
  api: { file: join(projectRoot, 'api/main.ts') },
};

/** What programs print, one JSON line each, when they are ready. */
export const sandboxReady = z.object({ sandbox: z.url(), oracle: z.url() });
/** Ready line of a worker. */
export const workerReady = z.object({ ready: z.literal('worker') });
/** Ready line of the api. */
export const apiReady = z.object({ ready: z.literal('api'), url: z.url() });

/** How a Node part runs. */
export type NodePartOptions<T> = {
  readonly name: string;
  readonly program: NodeProgram;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Shape of the line that says it is ready. */
  readonly ready: z.ZodType<T>;
  readonly onReady?: (answer: T) => void;
  readonly onSpawn: (pid: number) => void;
};

const readyTimeoutMs = 60_000;
const leash = fileURLToPath(new URL('./leash.mjs', import.meta.url));

/** A part that is a Node process of this project, stopped with SIGTERM and tied to its parent. */
export function nodePart<T>(options: NodePartOptions<T>): Part {
  const { name, program, logFile } = options;
  return {
    name,
    async start() {
      let answer: T | undefined;
      const running = await startProcess({
        name,
        command: process.execPath,
        args: [
          '--import',
          'tsx',
          '--import',
          leash,
          program.file,
          ...(program.args ?? []),
          ...(options.args ?? []),
        ],
        cwd: projectRoot,
        env: childEnvironment(options.env),
        logFile,
        onSpawn: options.onSpawn,
        onLine: (line) => {
          answer ??= readyLine(options.ready, line);
        },
      });
      const limits = { name, logFile, timeoutMs: readyTimeoutMs };
      // Awaited first: an optional call would not evaluate its argument where nobody listens.
      const ready = await waitUntilReady(running, async () => answer, limits);
      options.onReady?.(ready);
      return running;
    },
  };
}

function readyLine<T>(schema: z.ZodType<T>, line: string): T | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** What the product needs to know to work in the sandbox instead of the named services. */
export function sandboxEnvironment(
  url: string,
  replaced: { readonly model: boolean; readonly accounts: boolean; readonly search: boolean },
): Record<string, string> {
  const root = url.replace(/\/$/, '');
  return {
    ADJUTANT_SANDBOX_URL: root,
    ...(replaced.model && {
      OPENAI_API_KEY: 'sandbox',
      OPENAI_BASE_URL: `${root}/v1`,
      ADJUTANT_MODEL_PRIMARY: 'sandbox-rules-1',
      ADJUTANT_MODEL_FAST: 'sandbox-rules-1',
    }),
    ...(replaced.accounts && {
      GOOGLE_CLIENT_ID: 'sandbox-client',
      GOOGLE_CLIENT_SECRET: 'sandbox-secret',
      ADJUTANT_GOOGLE_ROOT_URL: `${root}/`,
      ADJUTANT_GOOGLE_TOKEN_URL: `${root}/token`,
      ADJUTANT_GOOGLE_AUTH_URL: `${root}/auth`,
      ADJUTANT_GOOGLE_REVOKE_URL: `${root}/revoke`,
      MICROSOFT_CLIENT_ID: 'sandbox-client',
      MICROSOFT_CLIENT_SECRET: 'sandbox-secret',
      ADJUTANT_MICROSOFT_URL: root,
      ADJUTANT_MICROSOFT_AUTHORITY_URL: `${root}/microsoft`,
    }),
    ...(replaced.search && { ADJUTANT_SEARCH_URL: root, TAVILY_API_KEY: 'sandbox' }),
  };
}
