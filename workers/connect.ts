/**
 * Connects an account: listens on loopback for the answer of the consent page, and stores the sealed
 * refresh token. A process of its own, started by `npx adjutant connect google`.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import type { GoogleOptions } from '#activities/google/client.ts';
import { googleConsent, redeemGoogleCode } from '#activities/google/connect.ts';
import { limits } from '#contracts/limits.ts';
import { type Config, ConfigError, loadConfig, readSecret, requireSetting } from '#infra/config.ts';
import { createPool } from '#infra/postgres/pool.ts';

/** How long the person has for the consent page. */
const consentWithinMs = 10 * 60_000;
const defaultPort = 8085;

export type ConnectOptions = {
  readonly google: Omit<GoogleOptions, 'credentials' | 'health'>;
  readonly credentials: CredentialStore;
  /** Whose account it must be; undefined takes whoever consents. */
  readonly owner: string | undefined;
  readonly port: number;
  readonly print: (line: string) => void;
};

/** Runs one consent to its end and returns the connected address. @throws Error in one line */
export async function connectGoogle(options: ConnectOptions): Promise<string> {
  const state = randomBytes(24).toString('base64url');
  const server = createServer();
  await listen(server, options.port);
  try {
    const { port } = server.address() as AddressInfo;
    const redirectUri = `http://127.0.0.1:${port}/callback`;
    const loginHint = options.owner;
    const { url, verifier } = await googleConsent(options.google, {
      redirectUri,
      state,
      loginHint,
    });
    options.print('Open this address and consent:');
    options.print(url);
    const code = await codeFrom(server, state);
    const account = await redeemGoogleCode(options.google, { code, verifier, redirectUri });
    const { email, refreshToken, scopes } = account;
    if (options.owner !== undefined && options.owner.toLowerCase() !== email) {
      throw new Error(`You signed in as ${email}, but ADJUTANT_OWNER is ${options.owner}.`);
    }
    await options.credentials.save(email, 'google', { email, refreshToken, scopes });
    return email;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', () => {
      reject(new Error(`Port ${port} is in use. Choose another with --port and register it.`));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** Waits for the consent page's answer. A request with another state is refused and changes nothing. */
function codeFrom(server: Server, state: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('Nobody consented within ten minutes. Run it again.')),
      consentWithinMs,
    );
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const answer = (status: number, text: string) => {
        response
          .writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
          .end(`${text}\n`);
      };
      if (url.pathname !== '/callback') return answer(404, 'Not here.');
      if (!sameText(url.searchParams.get('state') ?? '', state)) {
        return answer(400, 'This answer belongs to another attempt. Nothing was changed.');
      }
      clearTimeout(late);
      const code = url.searchParams.get('code');
      answer(200, code === null ? 'Not connected.' : 'Thank you. You can close this page.');
      if (code !== null) return resolve(code);
      const reason = (url.searchParams.get('error') ?? 'no code').slice(0, 100);
      return reject(new Error(`Google did not connect the account: ${reason}.`));
    });
  });
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

async function main(config: Config, port: number): Promise<void> {
  const { google } = config;
  const why = 'set the OAuth client; see the README on connecting Google';
  const pool = createPool({
    url: requireSetting(config.postgres.url, 'DATABASE_URL', 'start the stack with npm start'),
    applicationName: 'adjutant-connect',
    size: 1,
  });
  try {
    const email = await connectGoogle({
      google: {
        rootUrl: google.rootUrl,
        tokenUrl: google.tokenUrl,
        authUrl: google.authUrl,
        clientId: requireSetting(google.clientId, 'GOOGLE_CLIENT_ID', why),
        clientSecret: requireSetting(google.clientSecret, 'GOOGLE_CLIENT_SECRET', why),
        fetch: createGuardedFetch('live'),
        timeoutMs: limits.vendorTimeoutMs,
      },
      credentials: createCredentialStore(
        pool,
        Buffer.from(readSecret(config.keys.credentialsFile), 'hex'),
      ),
      owner: config.owner,
      port,
      print: (line) => process.stdout.write(`${line}\n`),
    });
    process.stdout.write(`Connected ${email}.\n`);
  } finally {
    await pool.end();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' } } });
    await main(loadConfig(), Number(values.port ?? defaultPort));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `${error instanceof ConfigError ? message : `Not connected: ${message}`}\n`,
    );
    process.exitCode = 1;
  }
}
