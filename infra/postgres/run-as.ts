/**
 * Makes Postgres, which refuses to run as root, run for root all the same: as another user, from
 * folders that user can reach. It changes no permission of a folder it did not make.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The user that Postgres runs as. */
export type User = { readonly uid: number; readonly gid: number };
/** The two programs that are needed. */
export type Binaries = { readonly initdb: string; readonly postgres: string };

const execute = promisify(execFile);
/** Where root keeps what the other user must reach when the project folder is closed to it. */
const openRoot = '/var/lib/adjutant';

/** The user to run as: `postgres`, else `nobody`, for root; undefined when no change is needed. */
export async function runAs(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([
        execute('id', ['-u', name]),
        execute('id', ['-g', name]),
      ]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such user here; try the next.
    }
  }
  throw new Error(
    'Postgres does not run as root and there is no user postgres or nobody: ' +
      'start as another user, or set DATABASE_URL',
  );
}

/** Copies the binaries once to an open folder when the user may not reach them where they are. */
export function reachableBinaries(packaged: Binaries, user: User | undefined): Binaries {
  if (user === undefined || isReachable(packaged.postgres)) return packaged;
  const native = dirname(dirname(packaged.postgres));
  const manifest: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : 'unknown';
  const copy = join(openRoot, `postgres-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}.tmp`;
    makeOpenRoot();
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    renameSync(unfinished, copy);
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

/** Makes the folder, owned by the user. Its real place may be elsewhere; a link remembers where. */
export function prepareDataDir(dataDir: string, user: User | undefined): string {
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) return realpathOf(dataDir);
  if (found !== undefined && !found.isDirectory()) {
    throw new Error(`${dataDir} is not a folder: move it away and start again`);
  }
  mkdirSync(dirname(dataDir), { recursive: true });
  if (found === undefined && user !== undefined && !isReachable(dirname(dataDir))) {
    makeOpenRoot();
    const elsewhere = join(openRoot, `data-${randomBytes(6).toString('hex')}`);
    mkdirSync(elsewhere, { mode: 0o700 });
    chownSync(elsewhere, user.uid, user.gid);
    symlinkSync(elsewhere, dataDir);
    return elsewhere;
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (user !== undefined) {
    chownSync(dataDir, user.uid, user.gid);
    if (!isReachable(dirname(dataDir))) {
      throw new Error(
        `${dirname(dataDir)} is closed to the user that runs Postgres: open it with chmod o+x on ` +
          'it and its parents, set ADJUTANT_STATE_DIR to another folder, or set DATABASE_URL',
      );
    }
  }
  return dataDir;
}

function realpathOf(link: string): string {
  try {
    return realpathSync(link);
  } catch (error) {
    throw new Error(
      `${link} links to a folder that is gone: restore it, or remove the link to start afresh`,
      { cause: error },
    );
  }
}

function makeOpenRoot(): void {
  mkdirSync(openRoot, { recursive: true });
  chmodSync(openRoot, 0o755);
}

/** Whether any user may enter every folder on the way. */
function isReachable(path: string): boolean {
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
