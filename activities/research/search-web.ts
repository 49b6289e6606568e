/**
 * Searches the public web through Tavily's API. Results are leads, not sources: nothing found here
 * may be cited before the page itself was read.
 * @see https://docs.tavily.com/documentation/api-reference/endpoint/search
 */
import { cancellationSignal } from '@temporalio/activity';
import { z } from 'zod';
import type { ReadRequest, ReadResult, StepContext } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { SearchHit } from '#contracts/schemas/research.ts';
import { combineOrigins } from '#contracts/trust.ts';
import { failure } from '#activities/failures.ts';
import { wholeInstallation } from '#activities/providers/health.ts';
import { parseToolInput } from '../tool-input.ts';
import type { ResearchDeps } from './dependencies.ts';
import { oneLine } from './page-text.ts';
import { pageOrigin } from './read-page.ts';
import { retryAfterMs } from './retry-after.ts';

const replySchema = z.object({
  results: z.array(
    z.object({
      url: z.string(),
      title: z.string().nullish(),
      content: z.string().nullish(),
      score: z.number().nullish(),
    }),
  ),
});
const errorSchema = z.object({ detail: z.object({ error: z.string() }) });

const defaultResults = 5;
const who = { provider: 'search', account: wholeInstallation };

/** Builds the two activities that search. */
export function createSearchActivities(deps: ResearchDeps) {
  /**
   * Effect: none outside; the query leaves the machine. Idempotent. Heartbeats: no (10 s limit).
   * @throws InvalidInputError, ReconnectRequiredError, PermissionDeniedError, RateLimitedError,
   * ProviderUnavailableError, ProviderWaitError
   */
  async function searchSources(request: {
    context: StepContext;
    query: string;
    limit: number;
  }): Promise<{ results: SearchHit[] }> {
    const body = {
      query: oneLine(request.query, 400),
      search_depth: 'basic',
      max_results: Math.min(request.limit, limits.searchResultsMax),
    };
    const reply = await deps.health.call(who, () => search(deps, body));
    const results = reply.results.filter(({ url }) => isPageUrl(url)).slice(0, request.limit);
    return {
      results: results.map(({ url, title, content, score }) => ({
        url,
        title: oneLine(title ?? '', 200) || new URL(url).host,
        excerpt: oneLine(content ?? '', limits.excerptMaxChars),
        score: score ?? 0,
      })),
    };
  }

  /** The read tool of the same name; effect, idempotency and failures as `searchSources`. */
  async function searchWeb({ context, input, origins }: ReadRequest): Promise<ReadResult> {
    const { query, limit } = parseToolInput('searchWeb', input);
    const value = await searchSources({ context, query, limit: limit ?? defaultResults });
    return {
      value,
      trust: 'untrusted',
      origins: combineOrigins([value.results.map(pageOrigin), origins]),
    };
  }
  return { searchSources, searchWeb };
}

async function search(deps: ResearchDeps, body: object): Promise<z.infer<typeof replySchema>> {
  const response = await post(deps, body);
  if (!response.ok) throw await searchFailure(response);
  const reply = replySchema.safeParse(await response.json().catch(() => null));
  if (!reply.success) throw unavailable('gave an answer that cannot be read.');
  return reply.data;
}

async function post(deps: ResearchDeps, body: object): Promise<Response> {
  const signal = AbortSignal.any([
    cancellationSignal(),
    AbortSignal.timeout(limits.vendorTimeoutMs),
  ]);
  const url = `${deps.search.baseUrl.replace(/\/$/, '')}/search`;
  try {
    return await deps.fetch(url, {
      method: 'POST',
      // The key must not follow a redirect to somewhere else.
      redirect: 'error',
      headers: {
        authorization: `Bearer ${deps.search.apiKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (cancellationSignal().aborted) throw cancellationSignal().reason;
    if (error instanceof Error && 'type' in error) throw error;
    throw unavailable('could not be reached.', error);
  }
}

async function searchFailure(response: Response): Promise<Error> {
  const parsed = errorSchema.safeParse(await response.json().catch(() => null));
  const said = parsed.success ? ` It said: ${oneLine(parsed.data.detail.error, 200)}` : '';
  switch (response.status) {
    case 400:
    case 422:
      return failure('InvalidInputError', `The search service refused the query.${said}`);
    case 401:
      return failure(
        'ReconnectRequiredError',
        `The search service refused the key. Check TAVILY_API_KEY.${said}`,
        { details: { ...who } },
      );
    case 403:
      return failure('PermissionDeniedError', `The search service refused the query.${said}`);
    case 429:
      return failure('RateLimitedError', `The search service is asked too often.${said}`, {
        retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
      });
    case 432:
    case 433:
      return failure(
        'PermissionDeniedError',
        `The search plan's limit is used up. Raise it with the provider.${said}`,
      );
    default:
      return unavailable(`answered ${response.status}.${said}`);
  }
}

function unavailable(what: string, cause?: unknown): Error {
  return failure('ProviderUnavailableError', `The search service ${what}`, { cause });
}

function isPageUrl(url: string): boolean {
  return url.length <= limits.urlMaxChars && /^https?:\/\//i.test(url) && URL.canParse(url);
}
