/** Reads pages and keeps their text as documents. Nothing but GET requests leave from here. */
import { cancellationSignal } from '@temporalio/activity';
import type { ReadRequest, ReadResult, StepContext } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { PageSummary } from '#contracts/schemas/research.ts';
import { combineOrigins, type Origin } from '#contracts/trust.ts';
import { parseToolInput } from '../tool-input.ts';
import type { ResearchDeps } from './dependencies.ts';
import { getPage } from './http-get.ts';
import { oneLine, pageText } from './page-text.ts';

/** Where a page's words came from, as people read it. */
export function pageOrigin(page: { url: string; title: string }): Origin & { kind: 'page' } {
  const label = `${new URL(page.url).host}: ${oneLine(page.title, 120)}`;
  return { kind: 'page', label, ref: page.url };
}

/** Builds the two activities that read a page. */
export function createPageActivities(deps: ResearchDeps) {
  /**
   * Effect: one GET per redirect; the text is stored as a document. Idempotent: the document's id
   * derives from address and text. Heartbeats: no (10 s limit).
   * @throws EgressBlockedError, InvalidInputError, NotFoundError, PermissionDeniedError,
   * RateLimitedError, ProviderUnavailableError
   */
  async function fetchSource(request: { context: StepContext; url: string }): Promise<PageSummary> {
    const fetched = await getPage(request.url, {
      mode: deps.mode,
      signal: cancellationSignal(),
      resolve: deps.resolve,
      timeoutMs: deps.pageTimeoutMs,
    });
    const { title, text } = pageText(fetched);
    const documentId = await deps.documents.put({
      goalId: request.context.goalId,
      kind: 'page',
      origin: pageOrigin({ url: fetched.url, title }),
      content: text,
    });
    const excerpt = oneLine(text, limits.excerptMaxChars);
    return { url: fetched.url, title, excerpt, documentId, fetchedAt: new Date().toISOString() };
  }

  /** The read tool of the same name; effect, idempotency and failures as `fetchSource`. */
  async function readPage({ context, input, origins }: ReadRequest): Promise<ReadResult> {
    const { url } = parseToolInput('readPage', input);
    const value = await fetchSource({ context, url });
    return {
      value,
      trust: 'untrusted',
      origins: combineOrigins([[pageOrigin(value)], origins]),
    };
  }
  return { fetchSource, readPage };
}
