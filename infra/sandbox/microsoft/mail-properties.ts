/**
 * Single-value extended properties of messages. Those of the internet headers' set are the
 * message's own X- headers; all others are kept beside the message.
 */
import { treeOf } from '../mail/mailbox.ts';
import { header } from '../mail/mime.ts';
import type { StoredMessage } from '../office/state.ts';
import { badRequest } from './errors.ts';

/** MAPI's set of internet headers, PS_INTERNET_HEADERS. */
const internetHeaders = '00020386-0000-0000-c000-000000000046';

/** Properties of MAPI's own that are headers of the message, by their tags. */
const taggedHeaders: Readonly<Record<string, string>> = {
  '0x1035': 'Message-ID',
  '0x1039': 'References',
  '0x1042': 'In-Reply-To',
};

/** A property by its id: set and name. @throws GraphError 400 when the id is none of strings. */
function parts(id: string): { set: string; name: string } {
  const [, set, name] = /^String \{([\da-f-]{36})\} (?:Name|Id) (.+)$/i.exec(id) ?? [];
  if (set === undefined || name === undefined) {
    throw badRequest(`Extended property id '${id}' is not valid.`);
  }
  return { set: set.toLowerCase(), name };
}

/** The value of a property of a message; undefined when it has none. @throws GraphError 400. */
export function propertyOf(message: StoredMessage, id: string): string | undefined {
  const { headers } = treeOf(message);
  const tagged = taggedHeaders[/^String (0x[\da-f]{1,4})$/i.exec(id)?.[1]?.toLowerCase() ?? ''];
  if (tagged !== undefined) return header(headers, tagged);
  const { set, name } = parts(id);
  if (set === internetHeaders) return header(headers, name);
  return message.properties?.[`${set} ${name}`];
}

/** Properties as given, split into headers of the message and values kept beside it. */
export function splitProperties(given: readonly { id: string; value: string }[]): {
  headers: Record<string, string>;
  properties: Record<string, string>;
} {
  const headers: Record<string, string> = {};
  const properties: Record<string, string> = {};
  for (const { id, value } of given) {
    const { set, name } = parts(id);
    if (set === internetHeaders) headers[name] = value;
    else properties[`${set} ${name}`] = value;
  }
  return { headers, properties };
}

/** The value of the kept property of that name in any set, as effects are found by it. */
export function propertyNamed(message: StoredMessage, name: string): string | undefined {
  const entry = Object.entries(message.properties ?? {}).find(([key]) => key.endsWith(` ${name}`));
  return entry?.[1];
}

/** The properties an `$expand` asks for: the ids its filter names. @throws GraphError 400. */
export function expandedIds(expand: string): string[] {
  const [, filter = ''] =
    /singleValueExtendedProperties\s*\(\s*\$filter\s*=\s*(.*)\)\s*$/i.exec(expand) ?? [];
  const ids = [...filter.matchAll(/\bid eq '((?:[^']|'')*)'/gi)].map(([, id = '']) => id);
  if (ids.length === 0) throw badRequest('$expand of extended properties needs a $filter by id.');
  return ids.map((id) => id.replaceAll("''", "'"));
}
