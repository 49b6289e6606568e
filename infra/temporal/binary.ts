/**
 * Finds the `temporal` program that runs the local server: on PATH, in the cache, by the SDK's
 * download, else built from the pinned Go module beside this file. It starts no server.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../config.ts';
import { withFileLock } from './file-lock.ts';

/** Where the program came from. */
export type TemporalSource = 'path' | 'cache' | 'download' | 'build';
/** A program that can run the local Temporal server. */
export type TemporalBinary = { readonly path: string; readonly source: TemporalSource };

/** Everything the search touches, so that tests can replace it. */
export type BinarySearch = {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** One line about something slow or skipped. */
  readonly progress: (line: string) => void;
  /** Folder with go.mod and go.sum. */
  readonly moduleDir: string;
  /** Server version `[major, minor]` of a program, undefined when it is no Temporal CLI. */
  readonly serverVersion: (path: string) => Promise<readonly [number, number] | undefined>;
  /** Puts the released CLI of that version at `target`; rejects after 15 s at the latest. */
  readonly download: (version: string, target: string) => Promise<void>;
  /** Builds the pinned module into `target`. */
  readonly build: (go: string, target: string, moduleDir: string) => Promise<void>;
};

/** Worker deployments and search attributes as used here are in this server and later. */
const oldestServer = [1, 29] as const;
const downloadLimitMs = 15_000;
const progressEveryMs = 10_000;
const moduleDir = fileURLToPath(new URL('.', import.meta.url));

/** The search as it works for people. */
export function defaultSearch(
  progress: (line: string) => void,
  signal?: AbortSignal,
): BinarySearch {
  return {
    env: childEnvironment({}),
    progress,
    moduleDir,
    serverVersion,
    download: (version, target) => download(version, target, signal),
    build: (go, target, cwd) => build(go, target, cwd, signal),
  };
}

/**
 * Finds, downloads or builds the program; two callers at once build only once.
 * @throws Error in one line, with what to do, when none of the ways works
 */
export async function resolveTemporal(search: BinarySearch): Promise<TemporalBinary> {
  const onPath = await fromPath(search);
  if (onPath !== undefined) return { path: onPath, source: 'path' };
  const cached = cachePath(search);
  if (isExecutable(cached)) return { path: cached, source: 'cache' };
  const cacheDir = join(cached, '..');
  try {
    mkdirSync(cacheDir, { recursive: true });
  } catch (error) {
    throw new Error(`${cacheDir} cannot be created (${reason(error)}): set XDG_CACHE_HOME`, {
      cause: error,
    });
  }
  return withFileLock(`${cached}.lock`, search.progress, async () => {
    // Another start may have finished the work while this one waited for the lock.
    if (isExecutable(cached)) return { path: cached, source: 'cache' };
    const refused = await tryDownload(search, cached);
    if (refused === undefined) return { path: cached, source: 'download' };
    await buildInto(search, cached, refused);
    return { path: cached, source: 'build' };
  });
}

/** Where the program of this checkout's pinned version is kept. */
export function cachePath(search: Pick<BinarySearch, 'env' | 'moduleDir'>): string {
  const root = search.env.XDG_CACHE_HOME ?? join(search.env.HOME ?? homedir(), '.cache');
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(search.moduleDir, file)));
  return join(root, 'adjutant', `temporal-${hash.digest('hex').slice(0, 16)}`);
}

async function fromPath(search: BinarySearch): Promise<string | undefined> {
  const found = onPath('temporal', search.env);
  if (found === undefined) return undefined;
  const version = await search.serverVersion(found);
  const [major, minor] = version ?? [0, 0];
  if (major > oldestServer[0] || (major === oldestServer[0] && minor >= oldestServer[1]))
    return found;
  const what = version === undefined ? 'is no Temporal CLI' : `has server ${major}.${minor}`;
  search.progress(`${found} ${what}, ${oldestServer.join('.')} or later is needed: not used`);
  return undefined;
}

/** Resolves to undefined when the program is in place, else to why it is not. */
async function tryDownload(search: BinarySearch, target: string): Promise<string | undefined> {
  const goMod = readFileSync(join(search.moduleDir, 'go.mod'), 'utf8');
  const version = /github\.com\/temporalio\/cli (v[\d.]+)/.exec(goMod)?.[1] ?? 'default';
  search.progress(`fetching the Temporal CLI ${version} (once; at most 15 s)`);
  try {
    await search.download(version, target);
    return isExecutable(target) ? undefined : 'the download left no program';
  } catch (error) {
    return reason(error);
  }
}

async function buildInto(search: BinarySearch, target: string, refused: string): Promise<void> {
  const go = onPath('go', search.env);
  if (go === undefined) {
    throw new Error(
      `no Temporal server: the download failed (${refused}) and Go is not installed: install the ` +
        'Temporal CLI or Go 1.25 or later, or set TEMPORAL_ADDRESS to a running server',
    );
  }
  search.progress(`the download failed (${refused}); building Temporal with Go, about 3 min, once`);
  const started = Date.now();
  const ticker = setInterval(() => {
    search.progress(`building Temporal: ${Math.round((Date.now() - started) / 1000)} s`);
  }, progressEveryMs);
  const unfinished = `${target}.${process.pid}.tmp`;
  try {
    await search.build(go, unfinished, search.moduleDir);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new Error(
      `Temporal could not be built (${reason(error)}): install the Temporal CLI, or set ` +
        'TEMPORAL_ADDRESS to a running server',
      { cause: error },
    );
  } finally {
    clearInterval(ticker);
  }
  search.progress(`built Temporal in ${Math.round((Date.now() - started) / 1000)} s`);
}

function serverVersion(path: string): Promise<readonly [number, number] | undefined> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 10_000 }, (_error, stdout) => {
      const match = /Server (\d+)\.(\d+)/.exec(stdout);
      resolve(match === null ? undefined : [Number(match[1]), Number(match[2])]);
    });
  });
}

/** In a process of its own, because the SDK's download cannot be interrupted in this one. */
function download(version: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  const script = fileURLToPath(new URL('./download.ts', import.meta.url));
  const args = ['--import', 'tsx', script, version, target];
  return run(process.execPath, args, moduleDir, signal, downloadLimitMs);
}

function build(
  go: string,
  target: string,
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pinned = 'github.com/temporalio/cli/cmd/temporal';
  return run(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', target, pinned], cwd, signal);
}

function run(
  command: string,
  args: string[],
  cwd: string,
  signal: AbortSignal | undefined,
  limitMs?: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
      ...(limitMs === undefined ? {} : { timeout: limitMs }),
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors = (errors + chunk).slice(-4_000);
    });
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      if (code === 0) return resolve();
      if (killedBy === 'SIGKILL' && limitMs !== undefined) {
        return reject(new Error(`no answer within ${limitMs / 1000} s`));
      }
      reject(new Error(errors.trim().split('\n').at(-1) ?? `exit code ${code}`));
    });
  });
}

function onPath(program: string, env: Readonly<NodeJS.ProcessEnv>): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 200);
}
