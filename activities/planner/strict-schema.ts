/**
 * Turns zod schemas into the strict subset of JSON Schema that structured output takes: closed
 * objects with every property required, null for what is optional, and only keywords every server
 * understands. What it leaves out (lengths, patterns, formats) zod checks when the reply arrives.
 */
import { z } from 'zod';
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';

/** What may stand in place of a value that another step will have found. */
const referenceString: JsonObject = {
  type: 'string',
  description: 'a reference like {{steps.s1.output.best.start}}',
};

/**
 * The strict form of an object schema.
 * @param references lets every leaf and array also be a reference to another step's output.
 * @throws TypeError for what the subset cannot say: records, tuples, a root that is no object.
 */
export function strictSchema(schema: z.ZodType, references = false): JsonObject {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject;
  if (root.type !== 'object') throw new TypeError('The root of a reply must be an object.');
  return strict(root, references);
}

/** A closed object with every property required. */
export function strictObject(properties: JsonObject): JsonObject {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function strict(node: Json | undefined, references: boolean): JsonObject {
  // z.json() becomes a recursive $ref or {}: the model writes text or a reference there.
  if (!isJsonObject(node) || '$ref' in node) return { type: 'string' };
  const variants = node.anyOf ?? node.oneOf;
  if (Array.isArray(variants)) return described(node, unionOf(variants as Json[], references));
  if (node.type === 'object') return strictProperties(node, references);
  if (node.type === 'array') return strictArray(node, references);
  if (Array.isArray(node.enum) || 'const' in node) {
    const values = Array.isArray(node.enum) ? (node.enum as Json[]) : [node.const ?? null];
    const type = typeof values[0] === 'number' ? 'number' : typeof values[0];
    return orReference(described(node, { type, enum: values }), references);
  }
  if (typeof node.type !== 'string') return { type: 'string' };
  if (node.type === 'string' || node.type === 'null') return described(node, { type: node.type });
  return orReference(described(node, { type: node.type, ...bounds(node) }), references);
}

function strictProperties(node: JsonObject, references: boolean): JsonObject {
  if (isJsonObject(node.additionalProperties) || node.propertyNames !== undefined) {
    throw new TypeError('Structured output has no records: name the properties.');
  }
  const required = Array.isArray(node.required) ? (node.required as Json[]) : [];
  const properties = Object.entries(isJsonObject(node.properties) ? node.properties : {});
  return described(
    node,
    strictObject(
      Object.fromEntries(
        properties.map(([name, property]) => {
          const value = strict(property, references);
          return [name, required.includes(name) ? value : orNull(value)];
        }),
      ),
    ),
  );
}

function strictArray(node: JsonObject, references: boolean): JsonObject {
  if (node.prefixItems !== undefined || Array.isArray(node.items)) {
    throw new TypeError('Structured output has no tuples.');
  }
  const array = { type: 'array', items: strict(node.items, references), ...bounds(node) };
  return orReference(described(node, array), references);
}

/** Joins variants, flattened, each once. */
function unionOf(variants: readonly Json[], references: boolean): JsonObject {
  const flat = variants.flatMap((variant) => {
    const value = strict(variant, references);
    return Array.isArray(value.anyOf) ? (value.anyOf as Json[]) : [value];
  });
  const unique = [...new Map(flat.map((v) => [JSON.stringify(v), v])).values()];
  const [only] = unique;
  return unique.length === 1 && isJsonObject(only) ? only : { anyOf: unique };
}

function orNull(value: JsonObject): JsonObject {
  const variants = Array.isArray(value.anyOf) ? (value.anyOf as Json[]) : [value];
  if (variants.some((variant) => isJsonObject(variant) && variant.type === 'null')) return value;
  return { anyOf: [...variants, { type: 'null' }] };
}

function orReference(value: JsonObject, references: boolean): JsonObject {
  return references ? { anyOf: [value, referenceString] } : value;
}

function described(node: JsonObject, value: JsonObject): JsonObject {
  return typeof node.description === 'string' ? { ...value, description: node.description } : value;
}

/** Bounds that say something: z.int() also writes the safe-integer range. */
function bounds(node: JsonObject): JsonObject {
  const kept = ['minimum', 'maximum', 'minItems', 'maxItems'].flatMap((name) => {
    const value = node[name];
    return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
      ? [[name, value] as const]
      : [];
  });
  return Object.fromEntries(kept);
}
