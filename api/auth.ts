/**
 * Who is asking. Only bearer tokens are taken: no cookie and no query parameter, so that no other
 * site can act in a person's name.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Problem } from './errors.ts';

/** The person behind a request. Everything is read and written for `owner` only. */
export type Principal = {
  /** Whose goals, approvals and directory: an e-mail address. */
  readonly owner: string;
  /** Who is named as the decider. */
  readonly actor: string;
  /** Set for a member of the owner, who decides approvals that are theirs to decide and nothing else. */
  readonly member?: { readonly roles: readonly string[] };
};

/** Finds the person a token belongs to; null when there is none. */
export type Authenticate = (token: string) => Principal | null | Promise<Principal | null>;

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
  }
}

/** Authentication by a fixed list of tokens, compared in constant time. */
export function createTokenAuth(
  entries: readonly { readonly token: string; readonly principal: Principal }[],
): (token: string) => Principal | null {
  const known = entries.map(({ token, principal }) => ({ hash: sha256(token), principal }));
  return (token) => {
    const hash = sha256(token);
    let found: Principal | null = null;
    for (const entry of known) if (timingSafeEqual(entry.hash, hash)) found = entry.principal;
    return found;
  };
}

/** Authentication by several means: the first that knows the token tells whose it is. */
export function firstOf(...means: readonly Authenticate[]): Authenticate {
  return async (token) => {
    for (const authenticate of means) {
      const principal = await authenticate(token);
      if (principal !== null) return principal;
    }
    return null;
  };
}

/** Reads and checks the Authorization header of a request. */
export async function authenticateRequest(
  request: FastifyRequest,
  authenticate: Authenticate,
): Promise<void> {
  const match = /^Bearer +([!-~]{1,4096})$/i.exec(request.headers.authorization ?? '');
  const principal = match?.[1] === undefined ? null : await authenticate(match[1]);
  if (principal === null) {
    throw new Problem(
      'unauthorized',
      'Send the header "Authorization: Bearer <token>". The local token is in the file `token` of the state directory.',
      { headers: { 'www-authenticate': 'Bearer realm="adjutant"' } },
    );
  }
  request.principal = principal;
}

/**
 * The owner behind an authenticated request. Routes that do not ask for a decider are the owner's.
 * @throws Problem not-allowed for a member
 */
export function principalOf(request: FastifyRequest): Principal {
  const principal = deciderOf(request);
  if (principal.member === undefined) return principal;
  throw new Problem(
    'not-allowed',
    'Members decide approvals: use /v1/approvals. Everything else is the owner’s.',
  );
}

/** The person behind an authenticated request, owner or member: for routes that decide approvals. */
export function deciderOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Problem('unauthorized', 'Send a bearer token.');
  return request.principal;
}

/** SHA-256 of a token: what is compared and, for members, stored instead of it. */
export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
