/**
 * One span and one log line for each request. It records the route's pattern, never the address
 * asked for, its query or its body.
 */
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpMetrics } from '../metrics.ts';

const quietRoutes = new Set(['/healthz', '/readyz', '/metrics']);

/** Adds the hooks; call it before any route or other hook is registered. */
export function observeRequests(app: FastifyInstance, metrics?: HttpMetrics): void {
  const contexts = new WeakMap<FastifyRequest, Context>();
  app.addHook('onRequest', (request, _reply, next) => {
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const route = routeOf(request);
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    const options = { kind: SpanKind.SERVER, attributes };
    const span = trace
      .getTracer('adjutant')
      .startSpan(`${request.method} ${route}`, options, caller);
    const here = trace.setSpan(caller, span);
    contexts.set(request, here);
    context.with(here, next);
  });
  // Reading a body leaves the context it was asked for in, so it is entered again.
  app.addHook('preHandler', (request, _reply, next) => {
    context.with(contexts.get(request) ?? ROOT_CONTEXT, next);
  });
  app.addHook('onResponse', (request, reply, next) => {
    const here = contexts.get(request) ?? ROOT_CONTEXT;
    const span = trace.getSpan(here);
    const goalId = goalIdOf(request);
    const { statusCode: status } = reply;
    span?.setAttribute('http.response.status_code', status);
    if (goalId !== undefined) span?.setAttribute('adjutant.goal_id', goalId);
    if (status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    const [method, route, ms] = [request.method, routeOf(request), reply.elapsedTime];
    metrics?.observe({ method, route, status, seconds: ms / 1_000 });
    const line = { method, route, status, ms: Math.round(ms), goalId };
    context.with(here, () => {
      request.log[quietRoutes.has(route) ? 'debug' : 'info'](line, 'request');
    });
    next();
  });
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

/** Only well-formed ids: anything may stand in a path. */
function goalIdOf(request: FastifyRequest): string | undefined {
  const params: unknown = request.params;
  if (typeof params !== 'object' || params === null || !('id' in params)) return undefined;
  if (!routeOf(request).startsWith('/v1/goals/:id')) return undefined;
  const { id: goalId } = params;
  return typeof goalId === 'string' && /^[0-9a-f-]{36}$/i.test(goalId) ? goalId : undefined;
}
