/**
 * The one egress guard every vendor client goes through. In sandbox mode no socket leaves loopback;
 * it refuses by throwing, and never rewrites a request.
 */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { failure } from './failures.ts';

/** `sandbox`: loopback only. `live`: any host over https, and loopback. */
export type EgressMode = 'sandbox' | 'live';

/**
 * Builds the fetch that every client library is given. `plainHost` is a host:port the person has
 * configured, reached over http in live mode too: a model server of their own.
 * @throws EgressBlockedError
 */
export function createGuardedFetch(mode: EgressMode, plainHost?: string): typeof fetch {
  return async (input, init) => {
    const url = new URL(
      typeof input === 'string' ? input : input instanceof URL ? input.href : input.url,
    );
    if (mode === 'sandbox' || url.host !== plainHost) checkEgress(mode, url);
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    return traced(method, url, () =>
      fetch(input, { ...init, ...(init?.body ? { duplex: 'half' } : {}) } as RequestInit),
    );
  };
}

/** Refuses an address the mode does not allow. @throws EgressBlockedError */
export function checkEgress(mode: EgressMode, url: URL): void {
  const loopback = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/.test(url.hostname);
  if (loopback) return;
  if (mode === 'sandbox') {
    throw failure(
      'EgressBlockedError',
      `Blocked a request to ${url.hostname}: in sandbox mode nothing leaves this machine.`,
    );
  }
  if (url.protocol !== 'https:') {
    throw failure('EgressBlockedError', `Blocked an unencrypted request to ${url.hostname}.`);
  }
}

/** Words of vendors' paths. Every other part may be an id or an address and is replaced. */
const pathWords = new Set(
  (
    'v1 v1.0 v3 api calendar calendars events freeBusy calendarList settings gmail users me ' +
    'messages drafts threads send labels profile oauth2 token responses search ' +
    'calendarView instances cancel accept decline tentativelyAccept getSchedule mailboxSettings'
  ).split(' '),
);

/** The path of a vendor request without ids: `/calendar/v3/calendars/{}/events/{}`. */
export function pathTemplate(url: URL): string {
  const parts = url.pathname.split('/');
  return parts.map((part) => (part === '' || pathWords.has(part) ? part : '{}')).join('/');
}

async function traced(method: string, url: URL, send: () => Promise<Response>): Promise<Response> {
  const attributes = {
    'http.request.method': method,
    'server.address': url.hostname,
    'url.template': pathTemplate(url),
  };
  const span = trace
    .getTracer('adjutant')
    .startSpan(`vendor ${method}`, { kind: SpanKind.CLIENT, attributes });
  try {
    const response = await send();
    span.setAttribute('http.response.status_code', response.status);
    return response;
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
