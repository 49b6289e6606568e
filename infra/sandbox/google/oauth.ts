/**
 * Google's OAuth endpoints as far as a web client needs them: consent, code exchange with PKCE,
 * refresh, revoke, token info. Consent is given at once, for the main person or `login_hint`.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { bodyField, bodyObject } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import type { Person } from '../office/state.ts';

const accessTokenSeconds = 3_600;
const codeSeconds = 600;
const refreshPrefix = 'sandbox-refresh-';
const scope =
  'https://www.googleapis.com/auth/calendar https://www.googleapis.com/auth/gmail.modify openid email';

/** A refusal in OAuth's own form. */
interface OauthRefusal {
  error: string;
  error_description: string;
}

const invalidGrant: OauthRefusal = {
  error: 'invalid_grant',
  error_description: 'Token has been expired or revoked.',
};

/** Registers /auth, /token, /revoke and /tokeninfo. */
export function registerOauthRoutes(app: FastifyInstance, office: Office): void {
  app.get('/auth', (request, reply) => {
    const query = request.query as Record<string, string | undefined>;
    const hinted = office.person(query.login_hint ?? '');
    const person = hinted?.vendor === 'google' ? hinted : office.main;
    const target = query.redirect_uri;
    if (target === undefined || !URL.canParse(target)) {
      return reply.code(400).send(refusal('invalid_request', 'Missing parameter: redirect_uri'));
    }
    const code = `sandbox-code-${office.nextId('code', 32)}`;
    office.state.oauth.codes[code] = {
      email: person.email,
      challenge: query.code_challenge,
      method: query.code_challenge_method,
      expiresAt: office.now().getTime() + codeSeconds * 1_000,
    };
    office.changed();
    const back = new URL(target);
    back.searchParams.set('code', code);
    back.searchParams.set('scope', scope);
    if (query.state !== undefined) back.searchParams.set('state', query.state);
    return reply.redirect(back.href, 302);
  });

  app.post('/token', (request, reply) => {
    const form = bodyObject(request) as Record<string, string | undefined>;
    const answer = exchange(office, form);
    return reply.code('error' in answer ? 400 : 200).send(answer);
  });

  app.post('/revoke', (request, reply) => {
    const query = request.query as Record<string, string | undefined>;
    const token = query.token ?? bodyField(request, 'token') ?? '';
    const person = personOfRefresh(office, token) ?? personOfAccess(office, token);
    if (!person) return reply.code(400).send(refusal('invalid_token', 'Token expired or revoked'));
    revoke(office, person);
    return reply.code(200).send({});
  });

  app.get('/tokeninfo', (request, reply) => {
    const { access_token: token = '' } = request.query as Record<string, string | undefined>;
    return (
      tokenInfo(office, token) ?? reply.code(400).send(refusal('invalid_token', 'Invalid Value'))
    );
  });
  app.post('/tokeninfo', (request, reply) => {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const token = bodyField(request, 'access_token') ?? bearer;
    return (
      tokenInfo(office, token) ?? reply.code(400).send(refusal('invalid_token', 'Invalid Value'))
    );
  });
}

function refusal(error: string, description: string): OauthRefusal {
  return { error, error_description: description };
}

/** Answers `POST /token`: tokens, or a refusal to be sent with 400. */
function exchange(office: Office, form: Record<string, string | undefined>): object {
  switch (form.grant_type) {
    case 'refresh_token': {
      const person = personOfRefresh(office, form.refresh_token ?? '');
      return person ? issue(office, person) : invalidGrant;
    }
    case 'authorization_code': {
      const person = redeem(office, form.code ?? '', form.code_verifier);
      if (!person) return refusal('invalid_grant', 'Malformed auth code.');
      const { oauth } = office.state;
      const refresh = refreshPrefix + person.email;
      // Consent given again brings a revoked grant back.
      oauth.revokedRefreshTokens = oauth.revokedRefreshTokens.filter((token) => token !== refresh);
      return { ...issue(office, person), refresh_token: refresh };
    }
    default:
      return refusal('unsupported_grant_type', `Invalid grant_type: ${form.grant_type ?? ''}`);
  }
}

function issue(office: Office, person: Person): object {
  const token = `sandbox-access-${office.nextId('access', 40)}`;
  const nowMs = office.now().getTime();
  const { accessTokens } = office.state.oauth;
  for (const [old, grant] of Object.entries(accessTokens)) {
    if (grant.expiresAt < nowMs) delete accessTokens[old];
  }
  accessTokens[token] = { email: person.email, expiresAt: nowMs + accessTokenSeconds * 1_000 };
  office.changed();
  return { access_token: token, expires_in: accessTokenSeconds - 1, scope, token_type: 'Bearer' };
}

/** A code works once, in time, and only with the verifier of its challenge. */
function redeem(office: Office, code: string, verifier: string | undefined): Person | undefined {
  const grant = office.state.oauth.codes[code];
  if (!grant) return undefined;
  delete office.state.oauth.codes[code];
  office.changed();
  if (grant.expiresAt <= office.now().getTime()) return undefined;
  if (grant.challenge !== undefined) {
    const given = verifier ?? '';
    const hashed = createHash('sha256').update(given).digest('base64url');
    if ((grant.method === 'S256' ? hashed : given) !== grant.challenge) return undefined;
  }
  return office.person(grant.email);
}

function revoke(office: Office, person: Person): void {
  const { oauth } = office.state;
  oauth.revokedRefreshTokens.push(refreshPrefix + person.email);
  for (const [token, grant] of Object.entries(oauth.accessTokens)) {
    if (grant.email === person.email) delete oauth.accessTokens[token];
  }
  office.changed();
}

function personOfRefresh(office: Office, token: string): Person | undefined {
  if (!token.startsWith(refreshPrefix)) return undefined;
  if (office.state.oauth.revokedRefreshTokens.includes(token)) return undefined;
  const person = office.person(token.slice(refreshPrefix.length));
  return person?.vendor === 'google' ? person : undefined;
}

function personOfAccess(office: Office, token: string): Person | undefined {
  const grant = office.state.oauth.accessTokens[token];
  if (!grant || grant.expiresAt <= office.now().getTime()) return undefined;
  return office.person(grant.email);
}

function tokenInfo(office: Office, token: string): object | undefined {
  const person = personOfAccess(office, token);
  const grant = office.state.oauth.accessTokens[token];
  if (!person || !grant) return undefined;
  const seconds = Math.floor((grant.expiresAt - office.now().getTime()) / 1_000);
  return {
    aud: 'sandbox',
    scope,
    exp: String(Math.floor(grant.expiresAt / 1_000)),
    expires_in: String(seconds),
    email: person.email,
    email_verified: 'true',
    access_type: 'offline',
  };
}
