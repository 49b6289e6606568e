/**
 * Tracing for workflows that were started with a trace, by Temporal's OpenTelemetry interceptors.
 * Others never evaluate that code, which would cost a third of the throughput (P1, 2026-11-21). The
 * header is in the history, so replay takes the same way.
 */
import type {
  Next,
  WorkflowInboundCallsInterceptor,
  WorkflowInterceptors,
  WorkflowInternalsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';

/** @see TRACE_HEADER of @temporalio/interceptors-opentelemetry */
const traceHeader = '_tracer-data';

type Inbound = Required<WorkflowInboundCallsInterceptor>;
type Outbound = Required<WorkflowOutboundCallsInterceptor>;
type Internals = Required<WorkflowInternalsInterceptor>;
type Tracing = typeof import('@temporalio/interceptors-opentelemetry/lib/workflow/index.js');
type Interceptors = {
  readonly inbound: InstanceType<Tracing['OpenTelemetryInboundInterceptor']>;
  readonly outbound: InstanceType<Tracing['OpenTelemetryOutboundInterceptor']>;
  readonly internals: InstanceType<Tracing['OpenTelemetryInternalsInterceptor']>;
};

/** Loaded by the worker as a workflow interceptor module. */
export function interceptors(): WorkflowInterceptors {
  let traced: Interceptors | undefined;
  return {
    inbound: [
      {
        async execute(input, next: Next<Inbound, 'execute'>) {
          if (!(traceHeader in input.headers)) return next(input);
          traced = await load();
          return traced.inbound.execute(input, next);
        },
        handleSignal: (input, next: Next<Inbound, 'handleSignal'>) =>
          traced === undefined ? next(input) : traced.inbound.handleSignal(input, next),
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next: Next<Outbound, 'scheduleActivity'>) =>
          traced === undefined ? next(input) : traced.outbound.scheduleActivity(input, next),
        scheduleLocalActivity: (input, next: Next<Outbound, 'scheduleLocalActivity'>) =>
          traced === undefined ? next(input) : traced.outbound.scheduleLocalActivity(input, next),
        startChildWorkflowExecution: (
          input,
          next: Next<Outbound, 'startChildWorkflowExecution'>,
        ) =>
          traced === undefined
            ? next(input)
            : traced.outbound.startChildWorkflowExecution(input, next),
      },
    ],
    internals: [
      {
        dispose(input, next: Next<Internals, 'dispose'>): void {
          if (traced === undefined) next(input);
          else void traced.internals.dispose(input, next);
        },
      },
    ],
  };
}

/** Evaluates the tracing code of the bundle for this workflow alone. */
async function load(): Promise<Interceptors> {
  const tracing = await import(
    /* webpackMode: "eager" */ '@temporalio/interceptors-opentelemetry/lib/workflow/index.js'
  );
  return {
    inbound: new tracing.OpenTelemetryInboundInterceptor(),
    outbound: new tracing.OpenTelemetryOutboundInterceptor(),
    internals: new tracing.OpenTelemetryInternalsInterceptor(),
  };
}
