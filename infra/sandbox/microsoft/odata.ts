/**
 * The OData options of a request that shape a list and its items: `$orderby`, `$select`, and
 * `$expand` of extended properties. What is not understood is refused, never ignored.
 */
import type { FastifyRequest } from 'fastify';
import { badRequest, GraphError } from './errors.ts';
import type { ReadProperty } from './filter.ts';
import { parameter } from './paging.ts';

/** One property by which a list is ordered. */
export interface OrderBy {
  readonly path: string;
  readonly descending: boolean;
}

/** Reads `$orderby`; undefined without one. @throws GraphError 400 for a property not `known`. */
export function readOrder(
  request: FastifyRequest,
  known: ReadonlySet<string>,
): OrderBy[] | undefined {
  const text = parameter(request, '$orderby') ?? parameter(request, '$orderBy');
  return text?.split(',').map((part) => {
    const [path = '', direction = 'asc'] = part.trim().split(/\s+/);
    if (!known.has(path)) throw badRequest(`Could not find a property named '${path}'.`);
    return { path, descending: direction.toLowerCase() === 'desc' };
  });
}

/** The items in an order, and by their ids where it leaves them even. */
export function inOrder<Item extends { id: string }>(
  items: readonly Item[],
  order: readonly OrderBy[],
  read: ReadProperty<Item>,
): Item[] {
  // Read once per item: a comparison that reads would parse mail over and over.
  const ranked = items.map((item) => ({
    item,
    values: order.map(({ path }) => read(item, path) ?? ''),
  }));
  ranked.sort((a, b) => {
    for (const [index, { descending }] of order.entries()) {
      const [left = '', right = ''] = [a.values[index], b.values[index]];
      if (left !== right) return left < right === descending ? 1 : -1;
    }
    return a.item.id < b.item.id ? -1 : 1;
  });
  return ranked.map(({ item }) => item);
}

/** The ids of the extended properties that `$expand` asks for. @throws GraphError 400. */
export function readExpand(request: FastifyRequest): string[] {
  const text = parameter(request, '$expand');
  if (text === undefined) return [];
  const filter = /^singleValueExtendedProperties\(\$filter=(.+)\)$/i.exec(text.trim())?.[1] ?? '';
  const ids = filter
    .split(/\s+or\s+/i)
    .map((part) => /^id eq ('(?:[^']|'')*')$/i.exec(part.trim())?.[1]);
  if (ids.every((id) => id !== undefined)) return ids.map(unquoted);
  const message = 'Expanding extended properties needs a filter on their id.';
  throw new GraphError(400, 'ErrorInvalidUrlQuery', message);
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'");
}

/**
 * The members a `$select` names; all of them when there is none.
 * @param always what an answer carries in any case: items of a mailbox their id
 */
export function selected(
  whole: object,
  select: string | undefined,
  always: readonly string[] = ['id'],
): object {
  if (select === undefined) return whole;
  const names = new Set([...always, ...select.split(',').map((name) => name.trim())]);
  return Object.fromEntries(
    Object.entries(whole).filter(([name]) => name.startsWith('@') || names.has(name)),
  );
}

/** Refuses options that a collection does not take. @throws GraphError 400. */
export function refuseOptions(request: FastifyRequest, names: readonly string[]): void {
  const found = names.find((name) => parameter(request, name) !== undefined);
  if (found === undefined) return;
  const message = `The following parameters are not supported with change tracking over the 'CalendarView' resource: '${found}'.`;
  throw new GraphError(400, 'ErrorInvalidUrlQuery', message);
}
