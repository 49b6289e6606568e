/* eslint-disable typescript/unbound-method -- activities are plain functions without `this` */
import { gzipSync } from 'node:zlib';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureTypeOf } from '#activities/failures.ts';
import { limits } from '#contracts/limits.ts';
import { createResearchActivities } from '#activities/research/activities.ts';
import { context, memoryDocuments, quiet, scriptedModel, startWeb } from './research-fixture.ts';
import { alwaysCalls } from '#test/support/health.ts';

let web: Awaited<ReturnType<typeof startWeb>>;
beforeAll(async () => {
  web = await startWeb({ pageTimeoutMs: 700 });
});
afterAll(() => web.app.close());

const read = (path: string) =>
  web.run(web.activities.fetchSource, {
    context,
    url: path.startsWith('http') ? path : web.url + path,
  });
const failureOf = async (path: string) => {
  const error: unknown = await read(path).catch((thrown: unknown) => thrown);
  return failureTypeOf(error) ?? error;
};

describe('reading a page', () => {
  it('keeps its whole text as a document and passes an excerpt on', async () => {
    const page = await read('/pages/acme-results-2026');
    expect(page).toMatchObject({
      url: `${web.url}/pages/acme-results-2026`,
      title: 'Acme Cells reports third quarter 2026 results',
    });
    const text = web.documents.all.get(page.documentId)!;
    expect(text).toContain('Acme Cells reported revenue of 212 million euros');
    expect(text).toMatch(/Q3 2026\s+212/);
    expect(page.excerpt.length).toBeLessThanOrEqual(limits.excerptMaxChars);
  });
  it('leaves menus, footers and scripts out', async () => {
    const { documentId } = await read('/pages/acme-overview');
    const text = web.documents.all.get(documentId)!;
    expect(text).toContain('founded in 2014 in Graz');
    expect(text).not.toMatch(/dataLayer|All rights|checked twice|News \| About/);
  });
  it('takes plain text and JSON as they are', async () => {
    const { documentId } = await read('/pages/currency-rates');
    expect(web.documents.all.get(documentId)).toContain('"USD": 1.12');
    expect((await read('/pages/office-hours')).excerpt).toContain('08:00 to 15:00');
  });
  it('follows a redirect and names the address it led to', async () => {
    expect((await read('/pages/acme-about')).url).toBe(`${web.url}/pages/acme-overview`);
  });
  it.each([
    ['a redirect to a private address', '/pages/partner-portal', 'EgressBlockedError'],
    ['an address outside the sandbox', 'http://93.184.215.14/', 'EgressBlockedError'],
    ['redirects that never end', '/loop', 'InvalidInputError'],
    ['a page larger than the limit', '/pages/battery-archive', 'InvalidInputError'],
    ['a file that is no text', '/pages/acme-brochure', 'InvalidInputError'],
    ['a page that does not exist', '/pages/acme-archive-2019', 'NotFoundError'],
    ['a page that is not public', '/status/403', 'PermissionDeniedError'],
    ['a server with a defect', '/status/502', 'ProviderUnavailableError'],
    ['a server that never answers', '/slow', 'ProviderUnavailableError'],
    ['an answer that never ends', '/drip', 'ProviderUnavailableError'],
    ['a port where nothing listens', 'http://127.0.0.1:9/', 'ProviderUnavailableError'],
  ])('fails for %s', async (_, path, type) => {
    expect(await failureOf(path)).toBe(type);
  });
  it('passes a Retry-After on', async () => {
    const error = await read('/status/429').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'RateLimitedError', nextRetryDelay: 7_000 });
  });
  it('sends no cookies and no credentials', async () => {
    web.seenHeaders.length = 0;
    await read('/pages/acme-about');
    expect(web.seenHeaders).toHaveLength(2);
    expect(web.seenHeaders.some(({ cookie, authorization }) => cookie ?? authorization)).toBe(
      false,
    );
  });
  it('stops when the activity is cancelled', async () => {
    const environment = new MockActivityEnvironment(undefined, { logger: quiet });
    const reading = environment.run(web.activities.fetchSource, {
      context,
      url: `${web.url}/slow`,
    });
    setTimeout(() => environment.cancel(), 50);
    expect(failureTypeOf(await reading.catch((error: unknown) => error))).toBeUndefined();
    await expect(reading).rejects.toThrow();
  });
});

describe('a packed page', () => {
  it('is unpacked, and refused when it unfolds beyond the limit', async () => {
    const { default: Fastify } = await import('fastify');
    const app = Fastify({ forceCloseConnections: true });
    const serve = (path: string, body: Buffer) =>
      app.get(path, (_, reply) =>
        reply.header('content-encoding', 'gzip').type('text/plain').send(gzipSync(body)),
      );
    serve('/small', Buffer.from('unpacked words'));
    serve('/bomb', Buffer.alloc(limits.pageMaxBytes * 20, 'a'));
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      expect((await read(`${url}/small`)).excerpt).toBe('unpacked words');
      expect(await failureOf(`${url}/bomb`)).toBe('InvalidInputError');
    } finally {
      await app.close();
    }
  });
});

describe('in live mode', () => {
  const live = (address: string) =>
    createResearchActivities({
      model: scriptedModel(),
      documents: memoryDocuments(),
      fetch,
      search: { baseUrl: web.url, apiKey: 'x' },
      mode: 'live',
      health: alwaysCalls,
      resolve: () => Promise.resolve([{ address, family: 4 }]),
    });
  it.each(['127.0.0.1', '10.1.2.3', '169.254.169.254'])(
    'a public name that resolves to %s is refused before a byte is sent',
    async (address) => {
      const reading = web.run(live(address).fetchSource, { context, url: 'http://page.example/' });
      expect(failureTypeOf(await reading.catch((error: unknown) => error))).toBe(
        'EgressBlockedError',
      );
    },
  );
});

describe('the read tool', () => {
  it('marks what it read as untrusted, with the page as origin', async () => {
    const url = `${web.url}/pages/acme-partner-notes`;
    const result = await web.run(web.activities.readPage, {
      context,
      input: { url },
      trust: 'trusted',
      origins: [],
    });
    expect(result.trust).toBe('untrusted');
    expect(result.origins).toEqual([
      {
        kind: 'page',
        label: `${new URL(url).host}: Acme partner notes and insider briefing`,
        ref: url,
      },
    ]);
  });
  it('refuses an input that is none', async () => {
    const bad = { context, input: { url: 5 }, trust: 'trusted' as const, origins: [] };
    const error = await web.run(web.activities.readPage, bad).catch((thrown: unknown) => thrown);
    expect(failureTypeOf(error)).toBe('InvalidInputError');
  });
});
