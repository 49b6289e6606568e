/**
 * Lets routes declare zod schemas: they check what comes in, type the handler, and become the
 * OpenAPI document. Answers are typed at compile time and not checked again.
 */
import type {
  FastifyInstance,
  FastifyBaseLogger,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { z } from 'zod';
import { Problem } from './errors.ts';

/** Types `request.body`, `query` and `params` from zod schemas. */
export interface ZodTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  serializer: this['schema'] extends z.ZodType ? DeepReadonly<z.input<this['schema']>> : unknown;
}

/** Answers are never changed once made, so read-only views may be sent as they are. */
type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** A server whose routes declare zod schemas. */
export type ZodInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Makes a server check inputs with the zod schemas of its routes. */
export function useZod(app: FastifyInstance): ZodInstance {
  app.setValidatorCompiler(({ schema, httpPart }) => (data: unknown) => {
    const parsed = (schema as z.ZodType).safeParse(data ?? undefined);
    if (parsed.success) return { value: parsed.data };
    return { error: problemOfIssues(parsed.error, httpPart ?? 'body') };
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app.withTypeProvider<ZodTypeProvider>();
}

/** A problem that names every wrong field and what it must be. */
export function problemOfIssues(error: z.ZodError, part: string): Problem {
  const errors = error.issues.slice(0, 20).map((issue) => ({
    path: pathText(issue.path),
    message: issue.message.slice(0, 300),
  }));
  if (part === 'params') return new Problem('not-found', 'There is nothing with this id.');
  const first = errors[0];
  const where = first === undefined || first.path === '' ? `the ${part}` : first.path;
  return new Problem('invalid-input', `Correct ${where}: ${first?.message ?? 'not valid'}.`, {
    errors,
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('')
    .slice(0, 200);
}

type Json = { [key: string]: unknown };

/** Schemas of the document that have a name, collected while routes are converted. */
export type NamedSchemas = Map<string, unknown>;

/** Stands for `$ref` until the document is complete: @fastify/swagger would try to resolve it. */
const pendingRef = 'x-pending-ref';

/** Converts a route's zod schemas to the JSON Schema that @fastify/swagger understands. */
export function toRouteSchema(schema: Json, named: NamedSchemas): Json {
  const converted: Json = { ...schema };
  for (const part of ['body', 'querystring', 'params', 'headers']) {
    if (schema[part] instanceof z.ZodType) converted[part] = toJson(schema[part], 'input', named);
  }
  if (typeof schema['response'] === 'object' && schema['response'] !== null) {
    converted['response'] = Object.fromEntries(
      Object.entries(schema['response']).map(([status, answer]) => [
        status,
        answer instanceof z.ZodType ? toJson(answer, 'output', named) : answer,
      ]),
    );
  }
  return converted;
}

/** Converts one schema. What has a name, or is recursive, goes into `named`. */
export function toJson(schema: z.ZodType, io: 'input' | 'output', named: NamedSchemas): unknown {
  // Inside an object, so that a named schema is a reference like any other.
  const holder = z.toJSONSchema(z.object({ it: schema }), { io, unrepresentable: 'any' });
  for (const [name, { id: _, ...definition }] of Object.entries(holder.$defs ?? {})) {
    named.set(componentName(name), renameRefs(definition));
  }
  return renameRefs(holder.properties?.['it']);
}

/** Turns the references of a finished document into real ones. */
export function finishRefs(value: unknown): unknown {
  return mapKeys(value, (key, item) => (key === pendingRef ? ['$ref', item] : [key, item]));
}

function renameRefs(value: unknown): unknown {
  return mapKeys(value, (key, item) => {
    if (key !== '$ref' || typeof item !== 'string') return [key, item];
    const name = componentName(item.replace('#/$defs/', ''));
    return [pendingRef, `#/components/schemas/${name}`];
  });
}

function mapKeys(value: unknown, map: (key: string, item: unknown) => [string, unknown]): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const [newKey, newItem] = map(key, item);
      return [newKey, mapKeys(newItem, map)];
    }),
  );
}

/** The one recursive schema without a name is any JSON value. */
function componentName(name: string): string {
  return name.startsWith('__schema') ? 'Json' : name;
}
