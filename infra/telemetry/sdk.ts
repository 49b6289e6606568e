/**
 * The OpenTelemetry SDK and Temporal's interceptors. Loaded only when a collector is named; every
 * span passes the private exporter first.
 */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK, resources, tracing } from '@opentelemetry/sdk-node';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import type { Telemetry } from '../telemetry.ts';
import { createPrivateExporter } from './private-exporter.ts';

/** Starts the SDK with one exporter: OTLP over HTTP to `endpoint`. */
export function startSdk(serviceName: string, version: string, endpoint: string): Telemetry {
  const resource = resources.resourceFromAttributes({
    'service.name': serviceName,
    'service.version': version,
  });
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = createPrivateExporter(new OTLPTraceExporter({ url }), resource);
  const processor = new tracing.BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000 });
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    spanProcessors: [processor],
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  type SinkArguments = Parameters<typeof makeWorkflowExporter>;
  // The package is typed on version 1 of the SDK; the private exporter makes its spans version 2.
  const sink = makeWorkflowExporter(...([processor, resource] as unknown as SinkArguments));
  return {
    client: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
    worker: {
      activity: [(context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) })],
    },
    sinks: { exporter: sink } as unknown as Telemetry['sinks'],
    stop: () => sdk.shutdown().catch(() => undefined),
  };
}
