/**
 * The one egress guard every vendor client goes through. In sandbox mode no socket leaves loopback;
 * it refuses by throwing, and never rewrites a request.
 */
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
    return fetch(input, { ...init, ...(init?.body ? { duplex: 'half' } : {}) } as RequestInit);
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
