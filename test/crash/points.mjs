/**
 * Loaded into the worker and api of a stack under the crash bench (NODE_OPTIONS=--import): kills the
 * process it runs in with SIGKILL when it reaches a point that the plan file names. The points of the
 * product come over the channel `adjutant:point`; those of a request on the wire over Node's own.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const dir = process.env.ADJUTANT_CRASH_DIR;
const isProduct = /\/(workers|api)\/main\.ts$/.test(process.argv[1] ?? '');

if (dir !== undefined && isMainThread && isProduct) {
  subscribe('adjutant:point', (message) => reached(dir, message.point));
  // The bytes of a request have left; nothing of the answer has been read.
  subscribe('undici:request:bodySent', ({ request }) => {
    if (isWrite(request)) reached(dir, 'C8');
    else if (isModelCall(request)) reached(dir, 'C3-asked');
  });
  subscribe('undici:request:trailers', ({ request }) => {
    if (isModelCall(request)) reached(dir, 'C3-answered');
  });
}

function isWrite({ method, path }) {
  return method !== 'GET' && /\/drafts|\/calendars\/[^/]+\/events/.test(path);
}

function isModelCall({ path }) {
  return path.endsWith('/responses');
}

/** Dies when the plan says so. Renaming the plan makes sure that it kills one process only. */
function reached(folder, point) {
  const plan = join(folder, 'plan');
  try {
    if (!readFileSync(plan, 'utf8').split(' ').includes(point)) return;
    renameSync(plan, join(folder, 'taken'));
  } catch {
    return; // No plan, or another process was faster.
  }
  // Written beside and renamed: who waits for the file finds it whole.
  const note = join(folder, 'killed');
  writeFileSync(`${note}.tmp`, JSON.stringify({ point, pid: process.pid, at: Date.now() }));
  renameSync(`${note}.tmp`, note);
  process.kill(process.pid, 'SIGKILL');
}
