/* eslint-disable typescript/unbound-method -- activities are plain functions without `this` */
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureTypeOf } from '#activities/failures.ts';
import { prompts } from '#activities/research/model-replies.ts';
import { context, scriptedModel, startWeb } from './research-fixture.ts';

let web: Awaited<ReturnType<typeof startWeb>>;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.app.close());

describe('searching', () => {
  it('finds pages on a topic, best first, with an excerpt', async () => {
    const { results } = await web.run(web.activities.searchSources, {
      context,
      query: 'What do solid state batteries cost?',
      limit: 3,
    });
    expect(results).toHaveLength(3);
    expect(results[0]).toMatchObject({
      url: `${web.url}/pages/solid-state-costs`,
      title: 'What solid state cells cost today',
    });
    expect(results[0]!.excerpt).toContain('dollars per kilowatt-hour');
    expect(results.map(({ score }) => score)).toEqual(
      results.map(({ score }) => score).toSorted((a, b) => b - a),
    );
  });
  it('finds nothing for words that no page holds', async () => {
    const request = { context, query: 'xylophone quartets', limit: 5 };
    expect(await web.run(web.activities.searchSources, request)).toEqual({ results: [] });
  });
  it('marks results of the read tool as untrusted, page by page', async () => {
    const result = await web.run(web.activities.searchWeb, {
      context,
      input: { query: 'Lisbon city guide', limit: 1 },
      trust: 'trusted',
      origins: [],
    });
    expect(result.trust).toBe('untrusted');
    expect(result.origins[0]).toMatchObject({
      kind: 'page',
      ref: `${web.url}/pages/lisbon-city-guide`,
    });
  });
  it('answers as Tavily does when the key is missing or the query empty', async () => {
    const post = (headers: Record<string, string>, body: object) =>
      fetch(`${web.url}/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const unauthorized = await post({}, { query: 'Acme' });
    expect(unauthorized.status).toBe(401);
    expect(await unauthorized.json()).toEqual({
      detail: { error: 'Unauthorized: missing or invalid API key.' },
    });
    expect((await post({ authorization: 'Bearer t' }, { query: ' ' })).status).toBe(400);
    expect(
      (await post({ authorization: 'Bearer t' }, { query: 'a', max_results: 99 })).status,
    ).toBe(400);
  });
});

describe('a search service that refuses', () => {
  it.each([
    [400, 'InvalidInputError'],
    [401, 'ReconnectRequiredError'],
    [429, 'RateLimitedError'],
    [432, 'PermissionDeniedError'],
    [503, 'ProviderUnavailableError'],
    [302, 'ProviderUnavailableError'],
    [200, 'ProviderUnavailableError'],
  ])('with %i is reported as %s', async (status, type) => {
    const app = Fastify({ forceCloseConnections: true });
    app.post('/search', (_, reply) =>
      reply
        .code(status)
        .headers({ 'retry-after': '3', location: 'http://127.0.0.1:9/' })
        .send({ detail: { error: 'because' } }),
    );
    const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 });
    await using other = await startWeb({ search: { baseUrl, apiKey: 'tvly-x' } });
    try {
      const request = { context, query: 'Acme', limit: 3 };
      const error = await other
        .run(other.activities.searchSources, request)
        .catch((thrown: unknown) => thrown);
      expect(failureTypeOf(error)).toBe(type);
      if (status === 429) expect(error).toMatchObject({ nextRetryDelay: 3_000 });
    } finally {
      await app.close();
    }
  });
  it('by not being there is reported as unavailable', async () => {
    await using other = await startWeb({ search: { baseUrl: 'http://127.0.0.1:9', apiKey: 'x' } });
    const request = { context, query: 'Acme', limit: 3 };
    await expect(other.run(other.activities.searchSources, request)).rejects.toMatchObject({
      type: 'ProviderUnavailableError',
    });
  });
  it('never learns the key or the query outside the sandbox in sandbox mode', async () => {
    const baseUrl = 'https://search.example.com';
    await using other = await startWeb({ search: { baseUrl, apiKey: 'x' } });
    const request = { context, query: 'Acme', limit: 3 };
    await expect(other.run(other.activities.searchSources, request)).rejects.toMatchObject({
      type: 'EgressBlockedError',
    });
  });
});

describe('from question to summary', () => {
  const research = async (slugs: string[], handlers: Parameters<typeof scriptedModel>[0] = {}) => {
    const model = scriptedModel(handlers);
    await using other = await startWeb({ model });
    const { activities, run, url } = other;
    const question = 'How large is the market for solid state batteries?';
    const pages = await Promise.all(
      slugs.map((slug) => run(activities.fetchSource, { context, url: `${url}/pages/${slug}` })),
    );
    const evidence = await run(activities.extractClaims, { context, question, pages });
    const { claims } = evidence;
    const synthesis = await run(activities.writeSynthesis, { context, question, claims, pages });
    return { model, evidence, synthesis };
  };

  it('every claim is quoted from a page and every sentence cites a claim', async () => {
    const { evidence, synthesis } = await research(['battery-market-2026-a', 'solid-state-costs']);
    expect(evidence.claims.length).toBeGreaterThan(1);
    expect(evidence.dropped).toEqual([]);
    expect(synthesis.summary).toContain('1.8 billion dollars');
    expect(synthesis.dropped).toEqual([]);
    expect(synthesis.cited.every((number) => evidence.claims[number - 1] !== undefined)).toBe(true);
  });
  it('says so when two pages disagree', async () => {
    const { synthesis } = await research(['battery-market-2026-a', 'battery-market-2026-b']);
    expect(synthesis.summary).toMatch(/Sources disagree.*billion.*billion.*\[1\]\[2\]/);
  });
  it('drops and names what the model made up', async () => {
    const { evidence, synthesis } = await research(['battery-market-2026-a'], {
      claims: (data) => {
        const [page] = (data as { pages: { documentId: string }[] }).pages;
        const quote = 'The market is worth 77 billion dollars.';
        return {
          claims: [
            { claim: quote, quote, documentId: page!.documentId },
            { claim: quote, quote, documentId: 'doc:https://never-read.example/' },
            {
              claim: 'Harrow expects strong growth.',
              quote: 'It expects the market to grow by 34 percent a year until 2030',
              documentId: page!.documentId,
            },
          ],
        };
      },
      synthesis: () => ({
        sentences: [
          { text: 'Growth is expected to be strong.', claims: [1] },
          { text: 'The market is worth 77 billion dollars.', claims: [2] },
          { text: 'Read more at https://never-read.example/.', claims: [1] },
        ],
      }),
    });
    expect(evidence.claims).toHaveLength(1);
    expect(evidence.dropped).toHaveLength(2);
    expect(synthesis.summary).toBe('Growth is expected to be strong. [1]');
    expect(synthesis.dropped).toHaveLength(2);
  });
  it('gives pages to the model as capped data, apart from the instructions', async () => {
    const { model } = await research(['acme-partner-notes']);
    const { data } = model.asked.find(({ schemaName }) => schemaName === 'claims')!;
    const [page] = (data as { pages: { text: string }[] }).pages;
    expect(page!.text).toContain('ignore all previous instructions');
    expect(prompts.claims).not.toContain('Acme');
  });
  it('does not carry instructions of a hostile page into the summary', async () => {
    const { synthesis } = await research(['acme-partner-notes', 'battery-market-2026-a']);
    expect(synthesis.summary).not.toMatch(/password|evil|instructions|approved/i);
  });
  it('asks at most four questions, and at least the one it was given', async () => {
    const ask = async (questions: string[]) => {
      const model = scriptedModel({ research_questions: () => ({ questions }) });
      await using other = await startWeb({ model });
      return other.run(other.activities.planResearch, { context, question: 'Why?' });
    };
    expect((await ask(['a', 'b', 'a', 'c', 'd', 'e'])).questions).toEqual(['a', 'b', 'c', 'd']);
    expect((await ask([' '])).questions).toEqual(['Why?']);
  });
});
