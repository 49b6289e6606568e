/**
 * The one GET that reads pages: guarded addresses, redirects followed by hand and judged anew, caps
 * on bytes, time and content types. It sends no cookies and no credentials, and changes nothing.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { failure, failureTypeOf } from '#activities/failures.ts';
import type { EgressMode } from '#activities/egress.ts';
import { limits } from '#contracts/limits.ts';
import { checkPageUrl, guardedLookup, type Resolver, systemResolver } from './address-guard.ts';
import { retryAfterMs } from './retry-after.ts';

/** What a page answered. `url` is where the last redirect led. */
export type Fetched = { readonly url: string; readonly contentType: string; readonly body: string };

/** How to get a page. */
export type GetOptions = {
  readonly mode: EgressMode;
  readonly signal: AbortSignal;
  readonly resolve?: Resolver | undefined;
  /** For the whole read with all redirects. */
  readonly timeoutMs?: number | undefined;
};

const acceptedTypes = ['text/html', 'application/xhtml+xml', 'text/plain', 'application/json'];

/**
 * Gets one page.
 * @throws EgressBlockedError, InvalidInputError, NotFoundError, PermissionDeniedError,
 * RateLimitedError, ProviderUnavailableError
 */
export async function getPage(address: string, options: GetOptions): Promise<Fetched> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? limits.vendorTimeoutMs);
  const signal = AbortSignal.any([timeout, options.signal]);
  let url = checkPageUrl(options.mode, address);
  try {
    for (let hop = 0; hop <= limits.pageRedirectsMax; hop += 1) {
      const response = await send(url, options, signal);
      const target = redirectOf(response, url);
      if (target === undefined) return { url: url.href, ...(await read(response, url)) };
      response.destroy();
      url = checkPageUrl(options.mode, target);
    }
  } catch (error) {
    throw asFailure(error, url, timeout.aborted, options.signal);
  }
  throw failure('InvalidInputError', `${url.host} redirects too often.`);
}

async function send(url: URL, options: GetOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      // A connection of its own, so that no pooled socket skips the address check.
      agent: false,
      lookup: guardedLookup(options.mode, options.resolve ?? systemResolver),
      signal,
      headers: {
        accept: 'text/html, text/plain;q=0.9, application/json;q=0.8',
        'accept-encoding': 'gzip, deflate, br',
        'user-agent': 'Adjutant/0.1 (page reader)',
      },
    });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end();
  });
}

function redirectOf(response: IncomingMessage, from: URL): string | undefined {
  const { statusCode = 0, headers } = response;
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
    return undefined;
  }
  return URL.canParse(headers.location, from.href) ? new URL(headers.location, from.href).href : '';
}

async function read(response: IncomingMessage, url: URL) {
  checkStatus(response, url);
  const header = response.headers['content-type'] ?? '';
  const contentType = header.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!acceptedTypes.includes(contentType)) {
    response.destroy();
    const shown = contentType === '' ? 'of no declared type' : contentType.slice(0, 60);
    throw failure('InvalidInputError', `The page is ${shown}; only text can be read.`);
  }
  if (Number(response.headers['content-length'] ?? 0) > limits.pageMaxBytes) {
    response.destroy();
    throw tooLarge();
  }
  const charset = /charset="?([\w-]+)/i.exec(header)?.[1] ?? 'utf-8';
  const bytes = await readBytes(decoded(response));
  return { contentType, body: decoderFor(charset).decode(bytes) };
}

function checkStatus(response: IncomingMessage, url: URL): void {
  const status = response.statusCode ?? 0;
  if (status === 200 || status === 203) return;
  response.destroy();
  const said = `${url.host} answered ${status}`;
  if (status === 404 || status === 410) throw failure('NotFoundError', `${said}: no such page.`);
  if (status === 429) {
    const wait = retryAfterMs(response.headers['retry-after']);
    throw failure('RateLimitedError', `${said}: too many requests.`, { retryAfterMs: wait });
  }
  if (status === 401 || status === 403 || status === 451) {
    throw failure('PermissionDeniedError', `${said}: the page is not public.`);
  }
  if (status >= 500) throw failure('ProviderUnavailableError', `${said}.`);
  throw failure('InvalidInputError', `${said}: the page cannot be read.`);
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return response;
  const decoders = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };
  if (!Object.hasOwn(decoders, encoding)) {
    response.destroy();
    throw failure('InvalidInputError', 'The page is packed in a way that cannot be read.');
  }
  const decoder = decoders[encoding as keyof typeof decoders]();
  response.once('error', (error) => decoder.destroy(error));
  return response.pipe(decoder);
}

/** Counts unpacked bytes, so that a small packed page cannot unfold into a large one. */
async function readBytes(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > limits.pageMaxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Error {
  const mebibytes = limits.pageMaxBytes / 1024 / 1024;
  return failure('InvalidInputError', `The page is larger than ${mebibytes} MiB.`);
}

function decoderFor(charset: string): { decode(bytes: Uint8Array): string } {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

function asFailure(error: unknown, url: URL, timedOut: boolean, caller: AbortSignal): unknown {
  if (failureTypeOf(error) !== undefined) return error;
  if (caller.aborted) return caller.reason;
  if (timedOut) return failure('ProviderUnavailableError', `${url.host} took too long to answer.`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND') return failure('NotFoundError', `There is no host ${url.host}.`);
  return failure('ProviderUnavailableError', `${url.host} could not be read (${code}).`, {
    cause: error,
  });
}
