/**
 * Who a request to Google acts for. Only people whose account is at Google have one here.
 */
import type { FastifyRequest } from 'fastify';
import { invalidCredentials } from '../errors.ts';
import type { Office } from '../office/office.ts';
import type { Person } from '../office/state.ts';

/** The person a request acts for. @throws GoogleError 401. */
export function requireAccount(office: Office, request: FastifyRequest): Person {
  const account = office.bearer(request.headers.authorization);
  if (account?.vendor !== 'google') throw invalidCredentials();
  return account;
}
