/**
 * Connects an account: listens on loopback for the answer of the consent page, and stores the sealed
 * refresh token. A process of its own, started by `npx adjutant connect google` or `microsoft`.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { CredentialStore } from '#activities/credentials.ts';
import type { SignInFlow } from '#activities/sign-in.ts';
import { type Provider, providerNames, providers } from '#contracts/accounts.ts';
import { limits } from '#contracts/limits.ts';
import { accountLabelSchema } from '#contracts/schemas/account.ts';
import { type Config, ConfigError, loadConfig, requireSetting } from '#infra/config.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { credentialStoreOf, signInFlowsOf } from './accounts.ts';

const defaultPort = 8085;
/**
 * What each vendor lets an application register without TLS.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/reply-url#localhost-exceptions
 */
const loopbackNames = { google: '127.0.0.1', microsoft: 'localhost' } as const;

export type ConnectOptions = {
  readonly provider: Provider;
  readonly flow: SignInFlow;
  readonly credentials: CredentialStore;
  /** For whom it is connected; the account may have another address. */
  readonly owner: string;
  /** What the person calls it. */
  readonly label?: string | undefined;
  /** True makes it the default account. */
  readonly isDefault?: boolean | undefined;
  readonly port: number;
  readonly print: (line: string) => void;
};

/** Runs one consent to its end and returns the connected address. @throws Error in one line */
export async function connectAccount(options: ConnectOptions): Promise<string> {
  const { provider, flow, credentials, owner, label, isDefault } = options;
  const state = randomBytes(24).toString('base64url');
  const server = createServer();
  await listen(server, options.port);
  try {
    const { port } = server.address() as AddressInfo;
    const redirectUri = `http://${loopbackNames[provider]}:${port}/callback`;
    const isFirst = (await credentials.list(owner)).length === 0;
    const loginHint = isFirst ? owner : undefined;
    const { url, verifier } = await flow.consent({ redirectUri, state, loginHint });
    options.print('Open this address and consent:');
    options.print(url);
    const code = await codeFrom(server, state, providerNames[provider]);
    const account = await flow.redeem({ code, verifier, redirectUri });
    await credentials.save(owner, { provider, ...account, label, isDefault });
    return account.email;
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
function codeFrom(server: Server, state: string, vendor: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('Nobody consented within ten minutes. Run it again.')),
      limits.consentMs,
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
      return reject(new Error(`${vendor} did not connect the account: ${reason}.`));
    });
  });
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

type Choice = { provider: Provider; label?: string; isDefault: boolean; port: number };

async function main(config: Config, choice: Choice): Promise<void> {
  const owner = requireSetting(config.owner, 'ADJUTANT_OWNER', 'name the owner as name@domain');
  const pool = createPool({
    url: requireSetting(config.postgres.url, 'DATABASE_URL', 'start the stack with npm start'),
    applicationName: 'adjutant-connect',
    size: 1,
  });
  try {
    const email = await connectAccount({
      ...choice,
      flow: signInFlowsOf(config)[choice.provider],
      credentials: credentialStoreOf(config, pool),
      owner: owner.toLowerCase(),
      print: (line) => process.stdout.write(`${line}\n`),
    });
    process.stdout.write(`Connected ${email}.\n`);
  } finally {
    await pool.end();
  }
}

function choiceOf(args: readonly string[]): Choice {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      label: { type: 'string' },
      default: { type: 'boolean', default: false },
    },
  });
  const provider = providers.find((known) => known === positionals[0]);
  if (provider === undefined) throw new Error(`Name one of: ${providers.join(', ')}.`);
  return {
    provider,
    ...(values.label === undefined ? {} : { label: accountLabelSchema.parse(values.label) }),
    isDefault: values.default,
    port: Number(values.port ?? defaultPort),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await main(loadConfig(), choiceOf(process.argv.slice(2)));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `${error instanceof ConfigError ? message : `Not connected: ${message}`}\n`,
    );
    process.exitCode = 1;
  }
}
