/**
 * Lets only known attributes leave the process. Error messages, stack traces, memos and search
 * attributes can hold people's text, so whatever is not listed here is dropped.
 */
import type { resources, tracing } from '@opentelemetry/sdk-node';

const allowed = new Set([
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'server.address',
  'url.template',
  'gen_ai.request.model',
  'gen_ai.response.id',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'adjutant.schema',
  'adjutant.goal_id',
  'workflowId',
  'runId',
  'workflowType',
  'taskQueue',
  'temporalWorkflowId',
  'temporalRunId',
  'temporalActivityId',
]);

/** A span of either SDK version: workflows still make those of version 1. */
type AnySpan = tracing.ReadableSpan & {
  readonly parentSpanId?: string;
  readonly instrumentationLibrary?: { readonly name: string; readonly version?: string };
};

/** Wraps an exporter: it sees each span without private text and with this process's resource. */
export function createPrivateExporter(
  inner: tracing.SpanExporter,
  resource: resources.Resource,
): tracing.SpanExporter {
  return {
    export: (spans, done) =>
      inner.export(
        spans.map((span) => withoutText(span, resource)),
        done,
      ),
    shutdown: () => inner.shutdown(),
    forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
  };
}

function withoutText(span: AnySpan, resource: resources.Resource): tracing.ReadableSpan {
  const context = span.spanContext();
  const { parentSpanId } = span;
  const parent =
    span.parentSpanContext ??
    (parentSpanId === undefined ? undefined : { ...context, spanId: parentSpanId });
  const attributes = Object.entries(span.attributes).filter(
    ([name, value]) => allowed.has(name) && typeof value !== 'object',
  );
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    ...(parent === undefined ? {} : { parentSpanContext: parent }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: { code: span.status.code },
    attributes: Object.fromEntries(attributes),
    links: [],
    events: [],
    duration: span.duration,
    ended: span.ended,
    resource,
    instrumentationScope: span.instrumentationScope ??
      span.instrumentationLibrary ?? { name: 'adjutant' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
