/**
 * What a reference yields and what its place takes, by walking the tools' schemas. It answers in
 * JSON types only; lengths and formats are checked when the value is there.
 */
import { z } from 'zod';
import { type Json, type JsonObject, isJsonObject, parsePath } from '#contracts/json.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import type { ToolName } from '#contracts/tools.ts';

/** JSON types a value may have; `any` where the schema says nothing. */
export type Types = ReadonlySet<string>;
type Path = readonly (string | number)[];

const schemas = new Map<string, JsonObject>();

/** The types at a path of a tool's output; undefined where the output has no such place. */
export function outputTypes(tool: ToolName, path: Path): Types | undefined {
  return typesAt(schemaOf(tool, 'output'), path);
}

/** The types that a place of a tool's input takes. `path` is like `to[0]`. */
export function inputTypes(tool: ToolName, path: string): Types | undefined {
  const parts = parsePath(path);
  return parts === undefined ? undefined : typesAt(schemaOf(tool, 'input'), parts);
}

/** True when some value of the one could stand in the place of the other. */
export function compatible(found: Types, wanted: Types): boolean {
  if (found.has('any') || wanted.has('any')) return true;
  return [...found].some(
    (type) => type !== 'null' && (wanted.has(type) || (type === 'integer' && wanted.has('number'))),
  );
}

/** The types in words: "text", "a list or null". */
export function inWords(types: Types): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
  };
  return [...types].map((type) => words[type] ?? type).join(' or ');
}

function schemaOf(tool: ToolName, side: 'input' | 'output'): JsonObject {
  const key = `${tool} ${side}`;
  const known = schemas.get(key);
  if (known !== undefined) return known;
  const schema = z.toJSONSchema(toolSchemas[tool][side], {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonObject;
  schemas.set(key, schema);
  return schema;
}

function typesAt(root: JsonObject, path: Path): Types | undefined {
  let nodes: readonly JsonObject[] = variantsOf(root);
  for (const part of path) {
    // Beyond a value of any kind everything is possible.
    if (nodes.some(isAny)) return new Set(['any']);
    nodes = nodes.flatMap((node) => childrenOf(node, part));
    if (nodes.length === 0) return undefined;
  }
  return new Set(
    nodes.flatMap((node) =>
      isAny(node) ? ['any'] : [typeof node.type === 'string' ? node.type : 'string'],
    ),
  );
}

function childrenOf(node: JsonObject, part: string | number): readonly JsonObject[] {
  if (typeof part === 'number') return node.type === 'array' ? variantsOf(node.items) : [];
  const { properties } = node;
  if (!isJsonObject(properties) || !Object.hasOwn(properties, part)) return [];
  return variantsOf(properties[part]);
}

function variantsOf(node: Json | undefined): readonly JsonObject[] {
  if (!isJsonObject(node)) return [{}];
  const variants = node.anyOf ?? node.oneOf;
  // z.json() is a recursive union behind a $ref: any value.
  if ('$ref' in node) return [{}];
  return Array.isArray(variants) ? (variants as readonly Json[]).flatMap(variantsOf) : [node];
}

function isAny(node: JsonObject): boolean {
  return node.type === undefined && !('enum' in node) && !('const' in node);
}
