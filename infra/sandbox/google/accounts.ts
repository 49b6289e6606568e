/**
 * Who a request acts for: reads the bearer token against the tokens the sandbox handed out.
 */
import type { FastifyRequest } from 'fastify';
import { invalidCredentials } from '../errors.ts';
import type { Office } from '../office/office.ts';
import type { Person } from '../office/state.ts';

/** The person behind an `Authorization` header, or undefined when the token is not valid now. */
export function accountOf(office: Office, authorization: string | undefined): Person | undefined {
  const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const grant = office.state.oauth.accessTokens[token];
  if (!grant || grant.expiresAt <= office.now().getTime()) return undefined;
  return office.person(grant.email);
}

/** The person a request acts for. @throws GoogleError 401. */
export function requireAccount(office: Office, request: FastifyRequest): Person {
  const account = accountOf(office, request.headers.authorization);
  if (!account) throw invalidCredentials();
  return account;
}
