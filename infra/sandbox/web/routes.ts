/**
 * The sandbox's web: a search API that speaks Tavily's wire, and the pages it finds. Nothing here
 * changes the office.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Office } from '../office/office.ts';
import { loadPages, type Trap, traps } from './pages.ts';
import { createIndex } from './search-index.ts';

/** Adds `POST /search` and `GET /pages/<slug>`. */
export function registerWebRoutes(app: FastifyInstance, _office: Office): void {
  const pages = loadPages();
  const search = createIndex([...pages, ...traps]);

  app.post('/search', async (request, reply) => {
    const problem = problemOf(request);
    if (problem !== undefined) {
      return reply.code(problem.status).send({ detail: { error: problem.error } });
    }
    const { query, max_results: limit = 5 } = request.body as {
      query: string;
      max_results?: number;
    };
    const results = search(query, limit).map(({ page, score, excerpt }) => ({
      title: page.title,
      url: `http://${request.host}/pages/${page.slug}`,
      content: excerpt,
      score,
      raw_content: null,
    }));
    return {
      query,
      answer: null,
      images: [],
      follow_up_questions: null,
      results,
      response_time: 0.01,
      request_id: createHash('sha256').update(query).digest('hex').slice(0, 32),
      usage: { credits: 1 },
    };
  });

  app.get<{ Params: { slug: string } }>('/pages/:slug', async (request, reply) => {
    const { slug } = request.params;
    const trap = traps.find((known) => known.slug === slug);
    if (trap !== undefined) return spring(reply, trap.answer);
    const page = pages.find((known) => known.slug === slug);
    if (page === undefined) return spring(reply, { kind: 'status', status: 404 });
    return reply.type(page.contentType).send(page.body);
  });
}

function spring(reply: FastifyReply, trap: Trap): FastifyReply {
  switch (trap.kind) {
    case 'status':
      return reply.code(trap.status).type('text/html').send('<h1>Page not found</h1>');
    case 'redirect':
      return reply.redirect(trap.to, 302);
    case 'body':
      return reply.type(trap.contentType).send(trap.body);
  }
}

/** Checks a search request as Tavily does. @see https://docs.tavily.com/documentation/api-reference */
function problemOf(request: FastifyRequest): { status: number; error: string } | undefined {
  if (!/^Bearer \S+$/.test(request.headers.authorization ?? '')) {
    return { status: 401, error: 'Unauthorized: missing or invalid API key.' };
  }
  const body = (request.body ?? {}) as { query?: unknown; max_results?: unknown };
  const { query, max_results: limit } = body;
  if (typeof query !== 'string' || query.trim() === '') {
    return { status: 400, error: 'Query is missing.' };
  }
  if (query.length > 400) {
    return { status: 400, error: 'Query is too long. Max query length is 400 characters.' };
  }
  const asked = limit ?? 5;
  if (typeof asked !== 'number' || !Number.isInteger(asked) || asked < 0 || asked > 20) {
    return { status: 400, error: 'Invalid max_results: it must be between 0 and 20.' };
  }
  return undefined;
}
