/**
 * Microsoft's sign-in as far as a web client needs it: consent, code exchange with PKCE, refresh
 * with rotation. Consent is given at once, for `login_hint` or the main person's account at
 * Microsoft. It gives no id token and revokes no single token, because the service has no endpoint
 * for that; `POST /me/revokeSignInSessions` ends every grant of an account.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { bodyObject } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import type { Person } from '../office/state.ts';

const accessTokenSeconds = 3_600;
const codeSeconds = 600;
/** Tests hold `sandbox-microsoft-refresh-<address>` without ever having asked for consent. */
const refreshPrefix = 'sandbox-microsoft-refresh-';
const everyScope =
  'Calendars.ReadWrite Mail.ReadWrite Mail.Send MailboxSettings.ReadWrite User.Read offline_access';

type Form = Record<string, string | undefined>;

/** A refusal of the token endpoint: OAuth's error, Microsoft's number and its text. */
class SignInError extends Error {
  readonly status: number;
  readonly error: string;
  readonly number: number;

  constructor(error: string, number: number, text: string, status = 400) {
    super(text);
    this.error = error;
    this.number = number;
    this.status = status;
  }
}

/** Registers /microsoft/oauth2/v2.0/authorize and /token. */
export function registerMicrosoftOauthRoutes(app: FastifyInstance, office: Office): void {
  app.get('/microsoft/oauth2/v2.0/authorize', (request, reply) =>
    authorize(office, request.query as Form, reply),
  );
  app.post('/microsoft/oauth2/v2.0/token', (request, reply) => {
    try {
      return exchange(office, bodyObject(request) as Form);
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      return reply.code(error.status).send(refusal(error, office.now()));
    }
  });
}

function authorize(office: Office, query: Form, reply: FastifyReply): FastifyReply {
  const target = query.redirect_uri;
  if (target === undefined || !URL.canParse(target)) {
    const text = 'The provided value for the input parameter redirect_uri is not valid.';
    return reply
      .code(400)
      .send(refusal(new SignInError('invalid_request', 900971, text), office.now()));
  }
  const back = new URL(target);
  if (query.state !== undefined) back.searchParams.set('state', query.state);
  if (query.response_type !== 'code' || query.client_id === undefined || !query.scope) {
    back.searchParams.set('error', 'invalid_request');
    back.searchParams.set('error_description', 'AADSTS900144: A required parameter is missing.');
    return reply.redirect(back.href, 302);
  }
  const own = office.accounts.find(
    ({ vendor, accountOf }) => vendor === 'microsoft' && accountOf === office.main.email,
  );
  const hinted = office.person(query.login_hint ?? '');
  const person = hinted?.vendor === 'microsoft' ? hinted : own;
  if (person === undefined) throw new Error('Nobody in this office has an account at Microsoft.');
  const code = `M.sandbox-code-${office.nextId('code', 32)}`;
  office.state.oauth.codes[code] = {
    email: person.email,
    challenge: query.code_challenge,
    method: query.code_challenge_method,
    scope: query.scope,
    redirectUri: target,
    expiresAt: office.now().getTime() + codeSeconds * 1_000,
  };
  office.changed();
  back.searchParams.set('code', code);
  back.searchParams.set('session_state', randomUUID());
  return reply.redirect(back.href, 302);
}

function exchange(office: Office, form: Form): object {
  if (!form.client_id) {
    throw new SignInError(
      'invalid_request',
      900144,
      "The request body must contain the following parameter: 'client_id'.",
    );
  }
  if (!form.client_secret) {
    const text =
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    throw new SignInError('invalid_client', 7000218, text, 401);
  }
  switch (form.grant_type) {
    case 'authorization_code': {
      const { person, scope } = redeem(office, form);
      return issue(office, person, scope);
    }
    case 'refresh_token': {
      const { person, scope } = readRefresh(office, form.refresh_token ?? '');
      return issue(office, person, scope);
    }
    default: {
      const text = `The app requested an unsupported grant type '${form.grant_type ?? ''}'.`;
      throw new SignInError('unsupported_grant_type', 70003, text);
    }
  }
}

/** A code works once, in time, for the same redirect and only with the verifier of its challenge. */
function redeem(office: Office, form: Form): { person: Person; scope: string } {
  const grant = office.state.oauth.codes[form.code ?? ''];
  if (!grant) {
    const text =
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.';
    throw new SignInError('invalid_grant', 54005, text);
  }
  delete office.state.oauth.codes[form.code ?? ''];
  office.changed();
  if (grant.expiresAt <= office.now().getTime()) {
    const text = 'The provided authorization code or refresh token has expired.';
    throw new SignInError('invalid_grant', 70008, text);
  }
  if (grant.redirectUri !== form.redirect_uri) {
    const text =
      'The reply address does not match the one given when requesting Authorization code.';
    throw new SignInError('invalid_grant', 500112, text);
  }
  const given = form.code_verifier ?? '';
  const hashed = createHash('sha256').update(given).digest('base64url');
  if (
    grant.challenge !== undefined &&
    (grant.method === 'S256' ? hashed : given) !== grant.challenge
  ) {
    const text =
      'The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.';
    throw new SignInError('invalid_grant', 50148, text);
  }
  const person = office.person(grant.email);
  if (!person) throw new Error(`No account ${grant.email}.`);
  return { person, scope: grant.scope ?? everyScope };
}

/** `<prefix><address>` with, when we gave it out, its number and its scopes. */
function readRefresh(office: Office, token: string): { person: Person; scope: string } {
  const [email = '', number = '0', scopes] = token.slice(refreshPrefix.length).split('#');
  const person = token.startsWith(refreshPrefix) ? office.person(email) : undefined;
  if (person?.vendor !== 'microsoft') {
    const text = 'Invalid request. Request is malformed or invalid.';
    throw new SignInError('invalid_grant', 9002313, text);
  }
  const endedAt = office.outlook.endedGrants[person.email];
  if (endedAt !== undefined && Number(number) <= endedAt) {
    const text =
      'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.';
    throw new SignInError('invalid_grant', 50173, text);
  }
  const scope =
    scopes === undefined ? everyScope : Buffer.from(scopes, 'base64url').toString('utf8');
  return { person, scope };
}

/** A new access token and, with `offline_access`, a new refresh token; older ones go on working. */
function issue(office: Office, person: Person, scope: string): object {
  const token = `sandbox-microsoft-access-${office.nextId('access', 40)}`;
  const nowMs = office.now().getTime();
  const { accessTokens } = office.state.oauth;
  for (const [old, grant] of Object.entries(accessTokens)) {
    if (grant.expiresAt < nowMs) delete accessTokens[old];
  }
  accessTokens[token] = {
    email: person.email,
    scope,
    expiresAt: nowMs + accessTokenSeconds * 1_000,
  };
  office.changed();
  const scopes = Buffer.from(scope).toString('base64url');
  const refresh = `${refreshPrefix}${person.email}#${office.nextRevision()}#${scopes}`;
  return {
    token_type: 'Bearer',
    scope: scope.replace(/\s*\boffline_access\b/, ''),
    expires_in: accessTokenSeconds - 1,
    ext_expires_in: accessTokenSeconds - 1,
    access_token: token,
    ...(scope.split(' ').includes('offline_access') ? { refresh_token: refresh } : {}),
  };
}

/** Ends every grant of an account, as a changed password does. */
export function endGrants(office: Office, person: Person): void {
  office.outlook.endedGrants[person.email] = office.nextRevision();
  const { accessTokens } = office.state.oauth;
  for (const [token, grant] of Object.entries(accessTokens)) {
    if (grant.email === person.email) delete accessTokens[token];
  }
  office.changed();
}

function refusal(error: SignInError, now: Date): object {
  const timestamp = now
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const ids = `Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`;
  return {
    error: error.error,
    error_description: `AADSTS${error.number}: ${error.message} ${ids}`,
    error_codes: [error.number],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${error.number}`,
  };
}
