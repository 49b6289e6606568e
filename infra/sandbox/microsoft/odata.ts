/**
 * The OData options of a request as far as Outlook's calendars take them: a flat `$filter`,
 * `$orderby` with one member, `$select`, and `$expand` of extended properties. What is not
 * understood is refused, never ignored.
 */
import type { FastifyRequest } from 'fastify';
import { badRequest, GraphError } from './errors.ts';
import { parameter } from './paging.ts';

/** One comparison of a `$filter`; comparisons are joined by `and`. */
export interface Comparison {
  /** A member such as `subject` or `start/dateTime`. */
  readonly member: string;
  readonly operator: 'eq' | 'ne' | 'ge' | 'gt' | 'le' | 'lt' | 'startswith';
  /** Text without its quotes; numbers, booleans and times as written. */
  readonly value: string;
}

/** A condition on an extended property. */
export interface PropertyCondition {
  readonly propertyId: string;
  /** Absent: the property must only be there. */
  readonly value?: string;
}

/** A `$filter` as read. */
export interface Filter {
  readonly comparisons: readonly Comparison[];
  readonly properties: readonly PropertyCondition[];
}

const quoted = /'(?:[^']|'')*'/g;

/** Reads `$filter`. @throws GraphError 400 for anything but comparisons joined by `and`. */
export function readFilter(request: FastifyRequest): Filter {
  const text = parameter(request, '$filter');
  const comparisons: Comparison[] = [];
  const properties: PropertyCondition[] = [];
  if (text === undefined) return { comparisons, properties };
  for (const part of splitAnd(text)) {
    const property = readProperty(part);
    if (property) properties.push(property);
    else comparisons.push(readComparison(part));
  }
  return { comparisons, properties };
}

/** The parts between `and`s that are neither inside quotes nor inside parentheses. */
function splitAnd(text: string): string[] {
  const hidden: string[] = [];
  const hide = (part: string): string => `\uE000${hidden.push(part) - 1}\uE001`;
  const flat = text.replace(quoted, hide).replace(/\([^()]*\)/g, hide);
  const show = (part: string): string => {
    const next = part.replace(/\uE000(\d+)\uE001/g, (_, at: string) => hidden[Number(at)] ?? '');
    return next === part ? part : show(next);
  };
  return flat.split(/\s+and\s+/i).map((part) => show(part).trim());
}

function readProperty(part: string): PropertyCondition | undefined {
  const any = /^singleValueExtendedProperties\/any\(\s*(\w+)\s*:\s*(.+)\)$/is.exec(part);
  if (!any) return undefined;
  const [, variable = '', inner = ''] = any;
  const conditions = splitAnd(inner).map(readComparison);
  const named = (member: string): string | undefined =>
    conditions.find((one) => one.member === `${variable}/${member}` && one.operator === 'eq')
      ?.value;
  const [propertyId, value] = [named('id'), named('value')];
  if (propertyId === undefined) throw badRequest(`Invalid filter clause: ${part}`);
  return { propertyId, ...(value === undefined ? {} : { value }) };
}

function readComparison(part: string): Comparison {
  const plain = /^([\w/]+)\s+(eq|ne|ge|gt|le|lt)\s+('(?:[^']|'')*'|[^\s']+)$/i.exec(part);
  if (plain) {
    const [, member = '', operator = 'eq', value = ''] = plain;
    return {
      member,
      operator: operator.toLowerCase() as Comparison['operator'],
      value: unquoted(value),
    };
  }
  const begins = /^startswith\(\s*([\w/]+)\s*,\s*('(?:[^']|'')*')\s*\)$/i.exec(part);
  if (begins)
    return { member: begins[1] ?? '', operator: 'startswith', value: unquoted(begins[2] ?? '') };
  throw badRequest(`Invalid filter clause: ${part}`);
}

/** Whether a value satisfies a comparison; times compare as instants. */
export function satisfies(actual: string | boolean | null, comparison: Comparison): boolean {
  const { operator, value } = comparison;
  const own = String(actual);
  if (operator === 'startswith') return own.toLowerCase().startsWith(value.toLowerCase());
  const both = [own, value].map((text) =>
    /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(inUtc(text)) : NaN,
  );
  const [a = NaN, b = NaN] = both;
  const order = Number.isNaN(a + b) ? own.localeCompare(value) : a - b;
  switch (operator) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'ge':
      return order >= 0;
    case 'gt':
      return order > 0;
    case 'le':
      return order <= 0;
    case 'lt':
      return order < 0;
    default:
      return operator satisfies never;
  }
}

function inUtc(text: string): string {
  const seconds = text.replace(/(\.\d{3})\d+/, '$1');
  return /(?:Z|[+-]\d\d:?\d\d)$/i.test(seconds) || !seconds.includes('T') ? seconds : `${seconds}Z`;
}

/** Reads `$orderby` with one member. @throws GraphError 400. */
export function readOrder(
  request: FastifyRequest,
): { member: string; descending: boolean } | undefined {
  const text = parameter(request, '$orderby');
  if (text === undefined) return undefined;
  const [, member, direction = 'asc'] = /^([\w/]+)(?:\s+(asc|desc))?$/i.exec(text.trim()) ?? [];
  if (member === undefined) throw badRequest(`Invalid $orderby clause: ${text}`);
  return { member, descending: direction.toLowerCase() === 'desc' };
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
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
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
