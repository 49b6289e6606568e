/**
 * Loaded into every Node child of the local stack (`--import`): stops the child when the process that
 * started it is gone, even by kill -9, because its end of the standard input pipe closes then.
 */
import { isMainThread } from 'node:worker_threads';

const graceMs = 10_000;

// Threads of the child load this too; only the process itself holds the pipe.
if (isMainThread) {
  process.stdin.on('error', () => undefined);
  process.stdin.on('end', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.exit(1), graceMs).unref();
  });
  process.stdin.resume();
  // The pipe alone must not keep a child alive that has finished its work.
  if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
}
