/** `adjutant connect <provider>`: runs the program that connects an account, beside the running stack. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { providers } from '#contracts/accounts.ts';
import { childEnvironment } from '#infra/config.ts';
import { findLocalStack } from '#infra/local/endpoints.ts';
import { CliError } from './find-api.ts';

const program = fileURLToPath(new URL('../../workers/connect.ts', import.meta.url));

/** Runs the consent to its end and returns the exit code. @throws CliError when nothing runs */
export async function connectAccount(
  provider: string,
  options: {
    port?: string;
    label?: string;
    default?: boolean;
    stateDir: string;
    databaseUrl: string | undefined;
  },
): Promise<number> {
  if (!providers.some((known) => known === provider)) {
    throw new CliError(`Only ${providers.join(' and ')} can be connected, not ${provider}.`);
  }
  const databaseUrl = options.databaseUrl ?? (await databaseOf(options.stateDir));
  const { port, label } = options;
  const args = [
    provider,
    ...(port === undefined ? [] : ['--port', port]),
    ...(label === undefined ? [] : ['--label', label]),
    ...(options.default === true ? ['--default'] : []),
  ];
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: 'inherit',
    env: childEnvironment({ DATABASE_URL: databaseUrl }),
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

async function databaseOf(stateDir: string): Promise<string> {
  const stack = await findLocalStack(stateDir);
  if (stack !== undefined) return stack.databaseUrl;
  throw new CliError('The stack is not running. Start it with: npm start');
}
