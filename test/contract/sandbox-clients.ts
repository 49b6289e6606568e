/**
 * Connects the real Google clients to a sandbox and checks every exchange against the published
 * contracts: a violation fails the test that caused it, through `violations`.
 */
import { OAuth2Client } from 'google-auth-library';
import { calendar, type calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { gmail, type gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import type { Sandbox } from '#infra/sandbox/server.ts';
import { readContract } from './vendors.ts';

const calendarContract = readContract('google-calendar-v3');
const gmailContract = readContract('google-gmail-v1');

/** One person's clients. */
export interface Clients {
  auth: OAuth2Client;
  calendar: calendar_v3.Calendar;
  gmail: gmail_v1.Gmail;
  /** Everything seen so far that the contracts do not allow. */
  violations: string[];
  /** How many exchanges were checked. */
  checked: () => number;
}

/** Clients of a person, retries off, all traffic to the sandbox. */
export function connect(sandbox: Sandbox, email = sandbox.office.main.email): Clients {
  const violations: string[] = [];
  let count = 0;
  const fetchImplementation = (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.hostname !== '127.0.0.1') throw new Error(`egress blocked: ${url.hostname}`);
    const answer = await fetch(url, init);
    const contract = url.pathname.startsWith('/gmail/')
      ? gmailContract
      : url.pathname.startsWith('/calendar/')
        ? calendarContract
        : undefined;
    if (contract) {
      count += 1;
      violations.push(
        ...contract.violations({
          method: init.method ?? 'GET',
          url: url.href,
          requestBody: typeof init.body === 'string' ? init.body : '',
          status: answer.status,
          responseBody: await answer.clone().text(),
        }),
      );
    }
    return answer;
  }) as typeof fetch;
  const auth = new OAuth2Client({
    clientId: 'adjutant',
    clientSecret: 'not-a-secret',
    redirectUri: 'http://127.0.0.1/callback',
    forceRefreshOnFailure: true,
    endpoints: {
      oauth2AuthBaseUrl: `${sandbox.url}/auth`,
      oauth2TokenUrl: `${sandbox.url}/token`,
      oauth2RevokeUrl: `${sandbox.url}/revoke`,
      tokenInfoUrl: `${sandbox.url}/tokeninfo`,
    },
    transporterOptions: { fetchImplementation },
  });
  auth.setCredentials({ refresh_token: `sandbox-refresh-${email}` });
  const common = {
    // googleapis brings its own copy of the auth library, equal but for its version.
    auth: auth as unknown as NonNullable<calendar_v3.Options['auth']>,
    rootUrl: `${sandbox.url}/`,
    retry: false,
    timeout: 10_000,
    fetchImplementation,
  };
  return {
    auth,
    calendar: calendar({ version: 'v3', ...common }),
    gmail: gmail({ version: 'v1', ...common }),
    violations,
    checked: () => count,
  };
}

/** The status and reason of a refused call; fails when the call was not refused. */
export async function refusal(call: Promise<unknown>): Promise<{ status: number; reason: string }> {
  try {
    await call;
  } catch (error) {
    const { response } = error as {
      response?: { status: number; data: { error: { errors: { reason: string }[] } } };
    };
    if (!response) throw error;
    return { status: response.status, reason: response.data.error.errors[0]!.reason };
  }
  throw new Error('The call was answered.');
}

/** What the oracle says under a path such as `effects`. */
export async function askOracle<Answer>(sandbox: Sandbox, path: string): Promise<Answer> {
  const answer = await fetch(`${sandbox.oracleUrl}/__oracle/${path}`);
  return (await answer.json()) as Answer;
}

/** Sets one fault. */
export async function setFault(sandbox: Sandbox, fault: object): Promise<void> {
  const answer = await fetch(`${sandbox.oracleUrl}/__faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Turns knobs. */
export async function setKnobs(sandbox: Sandbox, knobs: object): Promise<void> {
  const answer = await fetch(`${sandbox.oracleUrl}/__knobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(knobs),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** One row of the oracle's table of effects. */
export interface EffectRow {
  vendor: string;
  operation: string;
  account: string;
  key: string;
  count: number;
  raw: string;
}
