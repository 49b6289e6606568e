/** Where histories of releases are kept, and how one becomes a file without traces of a machine. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';

type History = Parameters<typeof historyToJSON>[0];

const folder = join(import.meta.dirname, 'histories');

/** Writes a history of the current release. Who ran it, and where code lay, is left out. */
export function keepHistory(release: string, name: string, history: History): void {
  const text = JSON.stringify(JSON.parse(historyToJSON(history)), (key, value: unknown) =>
    key === 'identity' || key === 'stackTrace' ? '' : value,
  );
  mkdirSync(join(folder, release), { recursive: true });
  writeFileSync(join(folder, release, `${name}.json`), `${text}\n`);
}

/** All kept histories, as `<release>/<name>`. */
export function keptHistories(): { workflowId: string; history: History }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      workflowId: file.replace(/\.json$/, ''),
      history: historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
    }));
}
