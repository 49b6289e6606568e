/**
 * Which addresses a page may be read from. It judges addresses and URLs only; it opens no socket.
 * The check runs inside the socket's own lookup, so the address that was judged is the one used.
 */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { failure } from '#activities/failures.ts';
import type { EgressMode } from '#activities/egress.ts';
import { limits } from '#contracts/limits.ts';

/** Finds every address of a host. Tests give their own. */
export type Resolver = (host: string) => Promise<readonly LookupAddress[]>;

/** The system's resolver. */
export const systemResolver: Resolver = (host) => lookup(host, { all: true });

/** Public addresses that lead into a cloud's own machinery. @see Azure's "wire server" */
const metadataAddresses = new Set(['168.63.129.16']);

/**
 * True when an address may be dialled: in sandbox mode only loopback, in live mode only global
 * unicast. Mapped, translated and tunnelled forms of IPv4 are refused as what they are.
 */
export function isAllowedAddress(mode: EgressMode, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (mode === 'sandbox') return parsed.range() === 'loopback';
  if (parsed.range() !== 'unicast' || metadataAddresses.has(parsed.toString())) return false;
  // Only 2000::/3 is assigned for global unicast; ipaddr.js calls everything unnamed "unicast".
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000;
}

/**
 * Reads text as the URL of a page and judges everything that needs no resolver: scheme, port,
 * credentials, and hosts written as numbers in any notation (the URL parser makes them canonical).
 * @throws InvalidInputError, EgressBlockedError
 */
export function checkPageUrl(mode: EgressMode, text: string): URL {
  if (text.length > limits.urlMaxChars * 4) {
    throw failure('InvalidInputError', 'The address of the page is too long.');
  }
  if (!URL.canParse(text)) {
    throw failure('InvalidInputError', `"${text.slice(0, 200)}" is not the address of a page.`);
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw failure('EgressBlockedError', 'Only http and https pages can be read.');
  }
  if (url.username !== '' || url.password !== '') {
    throw failure('EgressBlockedError', 'The address of a page must not hold a user or password.');
  }
  if (mode === 'live' && !['', '80', '443'].includes(url.port)) {
    throw failure('EgressBlockedError', `Blocked a page on port ${url.port}: only 80 and 443.`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAllowedAddress(mode, host)) throw blocked(mode, url.hostname);
  url.hash = '';
  return url;
}

/** A socket lookup that fails unless every address of the host is allowed. */
export function guardedLookup(mode: EgressMode, resolve: Resolver): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (!first || !addresses.every(({ address }) => isAllowedAddress(mode, address))) {
          callback(blocked(mode, hostname), '', 0);
        } else if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), '', 0);
      },
    );
  };
}

function blocked(mode: EgressMode, host: string): Error {
  const why =
    mode === 'sandbox'
      ? 'in sandbox mode nothing leaves this machine.'
      : 'it is not a public address.';
  return failure('EgressBlockedError', `Blocked a request to ${host}: ${why}`);
}
