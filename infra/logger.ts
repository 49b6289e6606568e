/**
 * Makes the JSON logger of a process. Refuses to print secrets: names that carry them are redacted,
 * and callers log ids and counts, never the text of mail, goals or model replies.
 */
import { trace } from '@opentelemetry/api';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

const secretNames = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'clientSecret',
  'privateKey',
  'signature',
];

/** What a logger needs to know. */
export type LoggerOptions = {
  readonly name: string;
  readonly level: string;
  /** Where lines go; standard output unless told. */
  readonly destination?: DestinationStream;
};

/** Creates a logger that writes one JSON object a line, with secrets replaced by `[redacted]`. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: traceIds,
    redact: {
      paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** The ids of the trace a line belongs to; nothing when tracing is off. */
function traceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId };
}
