/** JSON values, and reading a path in one. Pure. */

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Tells an object apart from arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Splits `events[0].id` into `['events', 0, 'id']`; undefined when it is not a path. */
export function parsePath(path: string): readonly (string | number)[] | undefined {
  if (path === '') return [];
  if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*|\[\d{1,4}\])*$/.test(path))
    return undefined;
  return [...path.matchAll(/([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]/g)].map(([, name, index]) =>
    name === undefined ? Number(index) : name,
  );
}

/** Reads the value at a path; undefined where the path leads nowhere. Own properties only. */
export function readPath(value: Json, path: readonly (string | number)[]): Json | undefined {
  let current: Json | undefined = value;
  for (const part of path) {
    if (typeof part === 'number') {
      current = Array.isArray(current) ? (current as readonly Json[])[part] : undefined;
    } else {
      current = isJsonObject(current) && Object.hasOwn(current, part) ? current[part] : undefined;
    }
    if (current === undefined) return undefined;
  }
  return current;
}
