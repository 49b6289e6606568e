/**
 * Keeps the office in one JSON file. A write goes to a temporary file and is renamed, and
 * `flush()` resolves only when everything changed before the call is on disk, so an answered write
 * survives kill -9. It does not fsync: losing the machine is not a case the sandbox covers.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Office } from './office/office.ts';
import type { OfficeState } from './office/state.ts';

const fileName = 'sandbox.json';

/** Reads the kept office, or undefined when there is none yet. @throws Error when it is damaged. */
export async function loadState(stateDir: string): Promise<OfficeState | undefined> {
  const path = join(stateDir, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as OfficeState;
    if (state.version === 1 && Array.isArray(state.people)) return state;
  } catch {
    // Falls through to the one message that says what to do.
  }
  throw new Error(`The sandbox's state in ${path} is damaged. Delete that file to start afresh.`);
}

/** Writes an office to disk as it changes. */
export class Keeper {
  readonly #office: Office;
  readonly #stateDir: string;
  #dirty = false;
  #writing: Promise<void> | undefined;

  constructor(office: Office, stateDir: string) {
    this.#office = office;
    this.#stateDir = stateDir;
    office.onChange(() => {
      this.#dirty = true;
    });
  }

  /** Marks the state as not yet on disk, for the first write after seeding. */
  markDirty(): void {
    this.#dirty = true;
  }

  /** Resolves once every change made before the call is on disk. */
  async flush(): Promise<void> {
    while (this.#dirty || this.#writing) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    const path = join(this.#stateDir, fileName);
    const temporary = `${path}.${process.pid}.tmp`;
    await mkdir(this.#stateDir, { recursive: true });
    await writeFile(temporary, JSON.stringify(this.#office.state));
    await rename(temporary, path);
  }
}
