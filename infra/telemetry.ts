/**
 * Starts tracing when a collector is named. Without OTEL_EXPORTER_OTLP_ENDPOINT it loads no SDK,
 * exports nothing and opens no socket.
 */
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Sinks } from '@temporalio/workflow';
import type { InjectedSinks, WorkerInterceptors } from '@temporalio/worker';

/** What a process needs to know to trace. */
export type TelemetryOptions = {
  readonly serviceName: string;
  readonly config: {
    readonly otlpEndpoint: string | undefined;
    readonly release: { readonly version: string };
  };
};

/** The Temporal side of tracing, and its end. */
export type Telemetry = {
  /** For `new Client`: carries the trace into workflows. */
  readonly client: { readonly workflow: WorkflowClientInterceptor[] };
  /** For `Worker.create`: carries it into activities. */
  readonly worker: WorkerInterceptors;
  /** Takes the spans out of workflows; drops them when tracing is off. */
  readonly sinks: InjectedSinks<Sinks>;
  /** Sends what is left; never throws. */
  stop(): Promise<void>;
};

/**
 * Tracing that does nothing. Its sink drops the spans of workflows that were started with a trace
 * before tracing was turned off.
 */
export const noTelemetry: Telemetry = {
  client: { workflow: [] },
  worker: {},
  sinks: { exporter: { export: { fn: () => undefined } } },
  stop: () => Promise.resolve(),
};

/** Starts tracing for this process, once. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { otlpEndpoint, release } = options.config;
  if (otlpEndpoint === undefined) return noTelemetry;
  const { startSdk } = await import('./telemetry/sdk.ts');
  return startSdk(options.serviceName, release.version, otlpEndpoint);
}
