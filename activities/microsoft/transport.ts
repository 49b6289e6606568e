/**
 * The end of the Graph client's chain: the guarded fetch in place of the stock HTTPMessageHandler. It
 * repeats nothing, follows no redirect, and hands on what failed with its cause.
 */
import { type Context, GraphClientError, type Middleware } from '@microsoft/microsoft-graph-client';
import { wordsOf } from '../providers/vendor-failures.ts';

/**
 * Sends requests with `send`. `plainOrigin` is the sandbox's (`http://127.0.0.1:PORT`): the client gives
 * its token to https addresses only, so it is told https and the request goes out as http here.
 */
export function createTransport(send: typeof fetch, plainOrigin: string | undefined): Middleware {
  return {
    async execute(context: Context): Promise<void> {
      const { request } = context;
      const wanted = typeof request === 'string' ? request : request.url;
      const secure = plainOrigin?.replace(/^http:/, 'https:');
      const url =
        secure !== undefined && wanted.startsWith(`${secure}/`)
          ? `${plainOrigin}${wanted.slice(secure.length)}`
          : wanted;
      // Graph redirects to downloads only, which nothing here asks for; a redirected write would
      // be a second write.
      const init = { ...context.options, redirect: 'manual' } as RequestInit;
      context.response = await send(url, init).then(withoutEmptyBody).catch(rethrow);
    },
  };
}

/** "Accepted" has no body but may claim JSON, at which the client would fail (wire facts, 12). */
async function withoutEmptyBody(response: Response): Promise<Response> {
  if (response.status !== 202) return response;
  const { headers, status } = response;
  const text = await response.text();
  return text === ''
    ? new Response(null, { headers, status: 204 })
    : new Response(text, { headers, status });
}

/** The client drops the cause of every error but its own. */
function rethrow(cause: unknown): never {
  const error = new GraphClientError(wordsOf(cause));
  error.cause = cause;
  throw error;
}
