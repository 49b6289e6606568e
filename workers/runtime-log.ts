/**
 * The Temporal SDK's log lines as ours: one JSON line each, without what an activity's failure says,
 * which may quote mail or calendars. Each activity has its own line (infra/telemetry/activity-log.ts).
 */
import { DefaultLogger, type LogEntry, type LogLevel } from '@temporalio/worker';
import type { Logger } from '#infra/logger.ts';

/** Lines that say nothing an operator can act on: every queue but one hosts no workflows. */
const quiet = /^No (workflows|Nexus services|activities) registered/;

/** Builds the logger of the SDK's runtime. */
export function runtimeLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger('DEBUG', ({ level, message, meta }: LogEntry) => {
    const { error, ...rest } = { ...meta };
    const fields = { ...withoutToken(rest), ...describe(message, error) };
    logger[levelOf(level, message)](fields, message);
  });
}

function levelOf(level: LogLevel, message: string): 'trace' | 'debug' | 'warn' | 'error' {
  if (quiet.test(message)) return 'debug';
  if (level === 'WARN') return 'warn';
  if (level === 'ERROR') return 'error';
  return level === 'TRACE' ? 'trace' : 'debug';
}

function describe(message: string, error: unknown): object {
  if (!(error instanceof Error)) return {};
  if (!/^(Activity|Local activity)/i.test(message)) return { err: error };
  return { failure: 'type' in error && typeof error.type === 'string' ? error.type : error.name };
}

function withoutToken({ taskToken: _, ...meta }: Record<string | symbol, unknown>): object {
  return meta;
}
