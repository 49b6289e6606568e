/**
 * The `Prefer` header as Outlook's services read it, and the `Preference-Applied` they answer with.
 * A preference nobody knows is ignored, as OData says.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GraphError } from './errors.ts';
import { ianaZone } from './zones.ts';

/** What a request prefers. */
export interface Preferences {
  /** The zone of times in the answer as the client called it, and its IANA name. */
  readonly zone: { readonly name: string; readonly iana: string };
  /** Ids that survive a move. */
  readonly immutableIds: boolean;
  readonly bodyType: 'html' | 'text';
  readonly maxPageSize?: number;
}

/** Reads the preferences of a request and confirms the ones that apply. @throws GraphError 400. */
export function readPreferences(request: FastifyRequest, reply: FastifyReply): Preferences {
  const given = new Map<string, string>();
  for (const header of [request.headers.prefer ?? []].flat()) {
    for (const [, name = '', quoted, bare] of header.matchAll(
      /([\w.-]+)\s*=\s*(?:"([^"]*)"|([^,;\s]+))/g,
    )) {
      given.set(name.toLowerCase(), quoted ?? bare ?? '');
    }
  }
  const zoneName = given.get('outlook.timezone');
  const bodyType = given.get('outlook.body-content-type');
  const immutableIds = given.get('idtype') === 'ImmutableId';
  const pageSize = Number(given.get('odata.maxpagesize'));
  const hasPageSize = Number.isInteger(pageSize) && pageSize > 0;
  if (bodyType !== undefined && bodyType !== 'text' && bodyType !== 'html') {
    throw new GraphError(400, 'ErrorInvalidParameter', `Unsupported body type '${bodyType}'.`);
  }
  const zone = zoneName === undefined ? undefined : { name: zoneName, iana: ianaZone(zoneName) };
  const applied = [
    zone ? `outlook.timezone="${zone.name}"` : '',
    immutableIds ? 'IdType="ImmutableId"' : '',
    bodyType ? `outlook.body-content-type="${bodyType}"` : '',
    hasPageSize ? `odata.maxpagesize=${pageSize}` : '',
  ].filter((part) => part !== '');
  if (applied.length > 0) void reply.header('preference-applied', applied.join(', '));
  return {
    zone: zone ?? { name: 'UTC', iana: 'utc' },
    immutableIds,
    bodyType: bodyType ?? 'html',
    ...(hasPageSize ? { maxPageSize: pageSize } : {}),
  };
}
