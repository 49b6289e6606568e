/** Reads the project's own files for the architecture tests. It judges nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every tracked or new file that exists, relative to the root. */
export function projectFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n');
  return names.filter((name) => name !== '' && existsSync(join(root, name)));
}

/** The text of a file of the project. */
export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** An import as written: what it names, and whether it brings types only. */
export type Import = { readonly specifier: string; readonly typeOnly: boolean };

const statement =
  /^(?:import|export)\s+(?:(type)\s+)?(?:[\w*{][^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

/** The imports, re-exports and dynamic imports of a source text. */
export function importsOf(text: string): Import[] {
  return [...text.matchAll(statement)].map((match) => ({
    specifier: match[2] ?? match[3] ?? '',
    typeOnly: match[1] === 'type',
  }));
}
