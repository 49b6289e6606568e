/**
 * Who a Graph request acts for. Only people whose mailbox is at Microsoft have one here, and only
 * a token that this vendor handed out counts.
 */
import type { FastifyRequest } from 'fastify';
import type { Office } from '../office/office.ts';
import type { Person } from '../office/state.ts';
import { accessDenied, GraphError } from './errors.ts';

/**
 * The person a request acts for.
 * @param anyOf permissions of which the token must hold one
 * @throws GraphError 401, 403.
 */
export function requireMailbox(
  office: Office,
  request: FastifyRequest,
  ...anyOf: string[]
): Person {
  const { authorization } = request.headers;
  const owner = office.bearer(authorization);
  if (owner?.vendor === 'microsoft') {
    const granted = office.scopes(authorization);
    if (anyOf.length > 0 && !anyOf.some((scope) => granted.includes(scope.toLowerCase())))
      throw accessDenied();
    return owner;
  }
  const message =
    authorization === undefined
      ? 'Access token is empty.'
      : 'Access token has expired or is not yet valid.';
  const headers = { 'www-authenticate': 'Bearer realm="", error="invalid_token"' };
  throw new GraphError(401, 'InvalidAuthenticationToken', message, { headers });
}
