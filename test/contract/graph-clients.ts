/**
 * Connects the real Microsoft Graph client to a sandbox and checks every exchange against the
 * published contract: a violation fails the test that caused it, through `violations`.
 */
import {
  AuthenticationHandler,
  Client,
  type Context,
  type GraphRequest,
  type Middleware,
  RetryHandler,
  RetryHandlerOptions,
} from '@microsoft/microsoft-graph-client';
import type { Sandbox } from '#infra/sandbox/server.ts';
import { readGraphContract } from './graph-contract.ts';

const contract = readGraphContract();

/** One person's client. */
export interface GraphClients {
  /** A request to a path below /v1.0 that asks for immutable ids. */
  api: (path: string) => GraphRequest;
  /** Everything seen so far that the contract does not allow. */
  violations: string[];
  /** How many exchanges were checked. */
  checked: () => number;
  /** Head of the latest answer. */
  latest: () => Headers;
}

/** The client of a person at Microsoft, retries off, all traffic to the sandbox. */
export async function connectGraph(
  sandbox: Pick<Sandbox, 'url'>,
  email: string,
): Promise<GraphClients> {
  const token = await accessToken(sandbox, email);
  const violations: string[] = [];
  let count = 0;
  let latest = new Headers();
  const last: Middleware = {
    execute: async (context: Context) => {
      const address = typeof context.request === 'string' ? context.request : context.request.url;
      // The client attaches its token to https alone; the sandbox speaks http on the same port.
      const url = address.replace(/^https:\/\/127\.0\.0\.1:/, 'http://127.0.0.1:');
      if (new URL(url).hostname !== '127.0.0.1') throw new Error(`egress blocked: ${url}`);
      const answer = await fetch(url, context.options as RequestInit);
      const { body } = context.options ?? {};
      count += 1;
      latest = answer.headers;
      violations.push(
        ...contract.violations({
          method: context.options?.method ?? 'GET',
          url,
          requestBody: typeof body === 'string' ? body : '',
          status: answer.status,
          responseBody: await answer.clone().text(),
        }),
      );
      context.response = answer;
    },
  };
  const first = new AuthenticationHandler({ getAccessToken: async () => token });
  const retry = new RetryHandler(new RetryHandlerOptions(0, 0));
  first.setNext(retry);
  retry.setNext(last);
  const client = Client.initWithMiddleware({
    baseUrl: sandbox.url.replace(/^http:/, 'https:'),
    customHosts: new Set(['127.0.0.1']),
    middleware: first,
  });
  return {
    api: (path) => client.api(path).header('Prefer', 'IdType="ImmutableId"'),
    violations,
    checked: () => count,
    latest: () => latest,
  };
}

/** An access token of a person, from the refresh token that every sandbox knows. */
export async function accessToken(
  sandbox: Pick<Sandbox, 'url'>,
  email: string,
  refreshToken = `sandbox-microsoft-refresh-${email}`,
): Promise<string> {
  const answer = await fetch(`${sandbox.url}/microsoft/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: 'adjutant',
      client_secret: 'not-a-secret',
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** The status and code of a refused call; fails when the call was not refused. */
export async function graphRefusal(
  call: Promise<unknown>,
): Promise<{ status: number; code: string }> {
  try {
    await call;
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    if (statusCode === undefined || code === undefined) throw error;
    return { status: statusCode, code };
  }
  throw new Error('The call was answered.');
}
