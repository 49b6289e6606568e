/**
 * Connecting an account in the browser: a form, the vendor's consent page, and the way back. The way
 * back is the one GET that acts: it needs the state that only the vendor was given and the cookie that
 * only the browser that asked has, and works once.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Provider, providerNames, providers } from '#contracts/accounts.ts';
import { limits } from '#contracts/limits.ts';
import { accountLabelSchema } from '#contracts/schemas/account.ts';
import type { Authenticate } from '../auth.ts';
import { problemKinds, problemOf } from '../errors.ts';
import type { AccountDeps } from './account-routes.ts';
import { AccountRequestError } from './account-requests.ts';
import { connectedPage, connectPage, onwardPage, pagePolicy, sorryPage } from './connect-pages.ts';
import type { SignInStore } from './sign-in-store.ts';

/** What the pages stand on. */
export type ConnectDeps = AccountDeps & {
  readonly signIns: SignInStore;
  readonly authenticate: Authenticate;
  /** Where people reach this server, like https://adjutant.example.org; undefined on one machine. */
  readonly publicUrl?: string | undefined;
};

const cookieName = 'adjutant_sign_in';
const formMaxBytes = 4_096;

const formSchema = z.object({
  token: z.string().trim().min(1).max(4_096),
  provider: z.enum(providers),
  label: accountLabelSchema.or(z.literal('')).default(''),
  default: z.literal('yes').optional(),
});
const answerSchema = z.object({
  state: z.string().max(200),
  code: z.string().min(1).max(4_096).optional(),
  error: z.string().max(200).optional(),
});

/** Registers the pages. They are outside of /v1: no bearer token comes with them. */
export function connectRoutes(app: FastifyInstance, deps: ConnectDeps): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: formMaxBytes },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof AccountRequestError) return show(reply, 409, sorryPage(error.message));
    const problem = problemOf(error);
    const { status } = problemKinds[problem.kind];
    if (status >= 500) request.log.error({ err: error }, problem.kind);
    return show(reply, status, sorryPage(problem.message));
  });
  const hidden = { schema: { hide: true } };
  app.get('/connect', hidden, (_request, reply) => show(reply, 200, connectPage()));
  app.post('/connect', hidden, (request, reply) => begin(deps, request, reply));
  for (const provider of providers) {
    app.get(`/connect/callback/${provider}`, hidden, (request, reply) =>
      finish(deps, provider, request, reply),
    );
  }
}

async function begin(
  { authenticate, signIns, runAccountRequest, publicUrl }: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = formSchema.safeParse(request.body);
  if (!form.success) return show(reply, 422, connectPage('Fill in the form and choose a vendor.'));
  const { token, provider, label, default: makeDefault } = form.data;
  const principal = await authenticate(token);
  if (principal === null) return show(reply, 401, connectPage('That is not a valid token.'));
  if (principal.member !== undefined) {
    return show(reply, 403, connectPage('Members decide approvals; accounts are the owner’s.'));
  }
  const origin = originOf(request, publicUrl);
  if (origin === null) {
    return show(
      reply,
      409,
      sorryPage('Set ADJUTANT_PUBLIC_URL to where people reach this server.'),
    );
  }
  const { signInId, browserKey } = await signIns.begin({
    owner: principal.owner.toLowerCase(),
    provider,
    label: label === '' ? null : label,
    isDefault: makeDefault === 'yes',
    redirectUri: `${origin}/connect/callback/${provider}`,
  });
  await runAccountRequest({ request: 'prepareSignIn', signInId });
  const url = await signIns.consentUrl(signInId);
  if (url === null) return show(reply, 409, sorryPage('This sign-in is over. Begin again.'));
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  reply.header(
    'set-cookie',
    `${cookieName}=${browserKey}; HttpOnly; SameSite=Lax; Path=/connect; Max-Age=${limits.consentMs / 1_000}${secure}`,
  );
  return show(reply, 200, onwardPage(provider, url));
}

async function finish(
  { accounts, signIns, runAccountRequest }: ConnectDeps,
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = answerSchema.safeParse(request.query);
  const browserKey = cookieOf(request.headers.cookie);
  const taken =
    answer.success && browserKey !== null
      ? await signIns.takeAnswer({
          provider,
          state: answer.data.state,
          browserKey,
          code: answer.data.code ?? null,
        })
      : null;
  if (!answer.success || taken === null) {
    const message = 'This answer belongs to another attempt or came too late. Nothing was changed.';
    return show(reply, 400, sorryPage(message));
  }
  reply.header('set-cookie', `${cookieName}=; HttpOnly; SameSite=Lax; Path=/connect; Max-Age=0`);
  if (answer.data.code === undefined) {
    const reason = answer.data.error ?? 'no code';
    const message = `${providerNames[provider]} did not connect the account: ${reason}.`;
    return show(reply, 409, sorryPage(message));
  }
  const { signInId, owner } = taken;
  const { account } = await runAccountRequest({ request: 'completeSignIn', signInId });
  return show(reply, 200, connectedPage(account ?? '', await accounts.list(owner)));
}

/** Where the vendor sends the browser back to. Without a setting only this machine is believed. */
function originOf(request: FastifyRequest, publicUrl: string | undefined): string | null {
  if (publicUrl !== undefined) return new URL(publicUrl).origin;
  const isLocal = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(request.host);
  return isLocal ? `http://${request.host}` : null;
}

function cookieOf(header: string | undefined): string | null {
  const pair = (header ?? '').split(/;\s*/).find((part) => part.startsWith(`${cookieName}=`));
  const value = pair?.slice(cookieName.length + 1) ?? '';
  return /^[\w-]{43}$/.test(value) ? value : null;
}

function show(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply
    .code(status)
    .header('content-security-policy', pagePolicy)
    .type('text/html; charset=utf-8')
    .send(html);
}
