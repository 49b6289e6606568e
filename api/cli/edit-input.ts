/** Changes single values of an approval's input, as `path=value` on the command line. */
import { type Json, type JsonObject, isJsonObject, parsePath } from '#contracts/json.ts';
import { CliError } from './find-api.ts';

/**
 * Applies `path=value` settings to a copy of the input. A value that is JSON is taken as JSON, any
 * other as text; `guests[1]` may be the next free place of a list.
 * @throws CliError for a setting that cannot be applied
 */
export function applySettings(input: JsonObject, settings: readonly string[]): JsonObject {
  let edited: Json = input;
  for (const setting of settings) {
    const at = setting.indexOf('=');
    const path = at === -1 ? undefined : parsePath(setting.slice(0, at).trim());
    if (path === undefined || path.length === 0) {
      throw new CliError(
        `Write --set as path=value, such as --set title="Weekly sync", not: ${setting}`,
      );
    }
    edited = setAt(edited, path, valueOf(setting.slice(at + 1)), setting);
  }
  return edited as JsonObject;
}

function setAt(
  target: Json | undefined,
  path: readonly (string | number)[],
  value: Json,
  setting: string,
): Json {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (typeof part === 'number') {
    if (!Array.isArray(target) || part > target.length) {
      throw new CliError(`There is no place [${part}] for: ${setting}`);
    }
    const list = target as readonly Json[];
    const next = setAt(list[part], rest, value, setting);
    return part === list.length ? [...list, next] : list.with(part, next);
  }
  if (part === '__proto__' || (target !== undefined && !isJsonObject(target))) {
    throw new CliError(`There is no ${part} to change for: ${setting}`);
  }
  const object = isJsonObject(target) ? target : {};
  const current = Object.hasOwn(object, part) ? object[part] : undefined;
  return { ...object, [part]: setAt(current, rest, value, setting) };
}

function valueOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
