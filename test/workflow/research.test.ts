import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import '../support/quiet-runtime.ts';
import { failure } from '#activities/failures.ts';
import type { ResearchActivities } from '#contracts/child-activities.ts';
import { queueName, workflowTypes } from '#contracts/names.ts';
import type { ResearchWorkflow } from '#contracts/workflows.ts';
import { newGoalId } from '#test/support/effects.ts';
import {
  connectTestClient,
  connectTestWorker,
  keepHistoryOnFailure,
  type TestClient,
  uniqueQueue,
} from '#test/support/temporal.ts';
import { workflowBundle } from '#workers/bundle.ts';

const prefix = uniqueQueue('research');
const usage = [{ responseId: 'r', model: 'm', inputTokens: 10, outputTokens: 2 }];
const hit = (url: string, score: number) => ({ url, title: `Title of ${url}`, excerpt: '', score });

/** Three questions, two pages each, one page shared; every page supports one claim. */
const believable: ResearchActivities = {
  planResearch: () => Promise.resolve({ questions: ['one', 'two', 'three'], usage }),
  searchSources: ({ query }) =>
    Promise.resolve({
      results: [hit(`https://${query}.example/`, 0.9), hit('https://shared.example/', 0.5)],
    }),
  fetchSource: ({ url }) =>
    Promise.resolve({
      url,
      title: `Title of ${url}`,
      excerpt: 'words',
      documentId: `doc:${url}`,
      fetchedAt: '2026-11-21T10:00:00Z',
    }),
  extractClaims: ({ pages }) =>
    Promise.resolve({
      claims: pages.map(({ documentId }) => ({
        claim: `Claim of ${documentId}`,
        quote: `Quote of ${documentId}`,
        documentId,
      })),
      dropped: [],
      usage,
    }),
  writeSynthesis: ({ claims }) =>
    Promise.resolve({
      summary: claims.map((_, i) => `Sentence. [${i + 1}]`).join(' '),
      cited: claims.map((_, i) => i + 1),
      dropped: [],
      usage: claims.length === 0 ? [] : usage,
    }),
};

let behaviour: ResearchActivities;
let asked: { name: string; input: never }[] = [];
let client: TestClient;
let connection: NativeConnection;
let workers: Worker[] = [];
let runs: Promise<void>[] = [];

/** Fakes that call whatever the current test wants. */
function fakes(names: readonly (keyof ResearchActivities)[]) {
  return Object.fromEntries(
    names.map((name) => [
      name,
      (input: never) => {
        asked.push({ name, input });
        return behaviour[name](input);
      },
    ]),
  );
}

beforeAll(async () => {
  [client, connection] = await Promise.all([connectTestClient(), connectTestWorker()]);
  const bundle = await workflowBundle(join(tmpdir(), 'adjutant-test-bundles'));
  workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'goals'),
      workflowBundle: bundle,
    }),
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'model'),
      activities: fakes(['planResearch', 'extractClaims', 'writeSynthesis']),
    }),
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'connectors'),
      activities: fakes(['searchSources', 'fetchSource']),
    }),
  ]);
  runs = workers.map((worker) => worker.run());
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await Promise.all(runs);
  await connection.close();
  await client[Symbol.asyncDispose]();
});
beforeEach(() => {
  behaviour = { ...believable };
  asked = [];
});

async function start(maxPages = 8) {
  const workflowId = `research:${randomUUID()}`;
  const handle = await client.client.workflow.start<ResearchWorkflow>(workflowTypes.research, {
    workflowId,
    taskQueue: queueName(prefix, 'goals'),
    args: [{ goalId: newGoalId(), owner: 'alex@office.example.com', question: 'Why?', maxPages }],
    workflowExecutionTimeout: '20 seconds',
  });
  keepHistoryOnFailure(client.client, workflowId);
  return handle;
}
const research = async (maxPages?: number) => (await start(maxPages)).result();
const count = (name: string) => asked.filter((call) => call.name === name).length;

describe('a research', () => {
  it('reads each page once, cites what was read and sums the usage', async () => {
    const { output, origins, usage: total } = await research();
    expect(count('fetchSource')).toBe(4);
    expect(output.citations.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(output.citations[0]).toMatchObject({
      url: 'https://one.example/',
      quote: 'Quote of doc:https://one.example/',
    });
    expect(output).toMatchObject({ unread: [], dropped: [] });
    expect(origins).toHaveLength(4);
    expect(origins[0]).toMatchObject({ kind: 'page', ref: 'https://one.example/' });
    expect(total).toMatchObject({ modelCalls: 5, inputTokens: 50, outputTokens: 10 });
  });

  it('goes on when a page fails, and names it with the reason', async () => {
    behaviour.fetchSource = (request) =>
      request.url === 'https://two.example/'
        ? Promise.reject(failure('NotFoundError', 'two.example answered 404: no such page.'))
        : believable.fetchSource(request);
    const { output } = await research();
    expect(output.unread).toEqual([
      { url: 'https://two.example/', reason: 'two.example answered 404: no such page.' },
    ]);
    expect(output.citations.map(({ url }) => url)).not.toContain('https://two.example/');
    expect(output.citations).toHaveLength(3);
  });

  it('reads no more pages than asked, and makes up for a failed one', async () => {
    behaviour.fetchSource = (request) =>
      request.url === 'https://one.example/'
        ? Promise.reject(failure('PermissionDeniedError', 'not public'))
        : believable.fetchSource(request);
    const { output, origins } = await research(2);
    expect(count('fetchSource')).toBe(3);
    expect(origins).toHaveLength(2);
    expect(output.unread).toHaveLength(1);
  });

  it('tries a page that is briefly unavailable twice, and no more', async () => {
    behaviour.fetchSource = (request) =>
      request.url === 'https://one.example/'
        ? Promise.reject(failure('ProviderUnavailableError', 'one.example answered 503.'))
        : believable.fetchSource(request);
    const { output } = await research();
    const tries = asked.filter(({ input }) => (input as { url?: string }).url?.includes('//one.'));
    expect(tries).toHaveLength(2);
    expect(output.unread[0]?.reason).toBe('one.example answered 503.');
  });

  it('says that it found nothing when no page could be read', async () => {
    behaviour.fetchSource = () => Promise.reject(failure('NotFoundError', 'gone'));
    const { output, usage: total } = await research();
    expect(output.citations).toEqual([]);
    expect(output.summary).toMatch(/^No page about this could be read/);
    expect(output.unread).toHaveLength(4);
    expect(count('extractClaims')).toBe(0);
    expect(total.modelCalls).toBe(1);
  });

  it('never cites a claim of a page that was not read', async () => {
    behaviour.extractClaims = async (request) => ({
      ...(await believable.extractClaims(request)),
      claims: [{ claim: 'c', quote: 'q', documentId: 'doc:https://elsewhere.example/' }],
    });
    const { output } = await research();
    expect(output.citations).toEqual([]);
  });

  it('goes on when one search fails and stops when all do', async () => {
    const broken = failure('ReconnectRequiredError', 'Check TAVILY_API_KEY.');
    behaviour.searchSources = (request) =>
      request.query === 'one' ? Promise.reject(broken) : believable.searchSources(request);
    expect((await research()).output.summary).toContain('No page could be read about: one');
    behaviour.searchSources = () => Promise.reject(broken);
    const error: unknown = await research().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const cause = (error as WorkflowFailedError).cause?.cause;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type: 'ReconnectRequiredError' });
  });

  it('stops at once when it is cancelled', async () => {
    let reached = () => {};
    let release = () => {};
    const stuck = new Promise<never>(
      (_, reject) => (release = () => reject(failure('NotFoundError', 'over'))),
    );
    const searching = new Promise<void>((resolve) => (reached = resolve));
    behaviour.searchSources = () => {
      reached();
      return stuck;
    };
    const handle = await start();
    await searching;
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(count('fetchSource')).toBe(0);
    // The worker shuts down only after its activities have ended.
    release();
  });
});
