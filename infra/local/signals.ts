/** Turns Ctrl-C and the other requests to stop into one abort signal; insisting ends the process. */

/**
 * A signal that is aborted by the first SIGINT, SIGTERM or SIGHUP. A second one exits at once, with
 * whatever still runs killed by the exit hook of process.ts.
 */
export function stopRequest(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
