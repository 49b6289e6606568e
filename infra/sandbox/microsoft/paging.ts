/**
 * Pages of a collection: `$top`, `$skip`, `odata.maxpagesize` and the link to the next page. Links
 * are https, as Graph's are: the stock client attaches its token to nothing else.
 */
import type { FastifyRequest } from 'fastify';
import { badRequest } from './errors.ts';

/** Sizes of one collection's pages. */
export interface PageRules {
  readonly defaultSize: number;
  readonly maxSize: number;
  /** From the `Prefer` header; beats `$top`. */
  readonly maxPageSize?: number | undefined;
}

/** One value of a query parameter; undefined when absent. */
export function parameter(request: FastifyRequest, name: string): string | undefined {
  const { [name]: value } = request.query as Record<string, string | string[] | undefined>;
  return Array.isArray(value) ? value[0] : value;
}

/** The address of this service as its clients know it. */
export function graphUrl(request: FastifyRequest, path: string): URL {
  return new URL(`https://${request.headers.host ?? '127.0.0.1'}/v1.0${path}`);
}

/** One page of `items`, shown by `show`, with the link to the next. @throws GraphError 400. */
export function pageOf<Item>(
  request: FastifyRequest,
  items: readonly Item[],
  rules: PageRules,
  show: (item: Item) => object,
): { value: object[]; '@odata.nextLink'?: string } {
  const size = pageSize(request, rules);
  const from = count(request, '$skip') ?? 0;
  const value = items.slice(from, from + size).map(show);
  if (from + size >= items.length) return { value };
  const next = graphUrl(request, pathOf(request));
  next.search = new URL(request.url, next).search;
  next.searchParams.set('$skip', String(from + size));
  return { value, '@odata.nextLink': next.href };
}

/** How many items a page of this request holds. @throws GraphError 400. */
export function pageSize(request: FastifyRequest, rules: PageRules): number {
  const top = count(request, '$top');
  if (top === 0) throw badRequest("Invalid value '0' for $top query option found.");
  return Math.min(rules.maxSize, rules.maxPageSize ?? top ?? rules.defaultSize);
}

/** The path below `/v1.0` that was asked for. */
export function pathOf(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').replace(/^\/v1\.0/, '');
}

function count(request: FastifyRequest, name: string): number | undefined {
  const text = parameter(request, name);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badRequest(`Invalid value '${text}' for ${name} query option found.`);
}
