/**
 * Loaded into every Node child of the local stack (`--import`): stops the child when the process that
 * started it is gone, even by kill -9, because its end of the standard input pipe closes then.
 */
const graceMs = 10_000;

process.stdin.on('error', () => undefined);
process.stdin.on('end', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), graceMs).unref();
});
process.stdin.resume();
// The pipe alone must not keep a child alive that has finished its work.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
