/** `adjutant connect google`: runs the program that connects an account, beside the running stack. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment } from '#infra/config.ts';
import { CliError } from './find-api.ts';

const program = fileURLToPath(new URL('../../workers/connect.ts', import.meta.url));
const endpointsSchema = z.object({ databaseUrl: z.string() });

/** Runs the consent to its end and returns the exit code. @throws CliError when nothing runs */
export async function connectAccount(
  provider: string,
  options: { port?: string; stateDir: string; databaseUrl: string | undefined },
): Promise<number> {
  if (provider !== 'google') {
    throw new CliError(`Only google can be connected for now, not ${provider}.`);
  }
  const databaseUrl = options.databaseUrl ?? (await databaseOf(options.stateDir));
  const args = options.port === undefined ? [] : ['--port', options.port];
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: 'inherit',
    env: childEnvironment({ DATABASE_URL: databaseUrl }),
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

async function databaseOf(stateDir: string): Promise<string> {
  try {
    const text = await readFile(join(stateDir, 'endpoints.json'), 'utf8');
    return endpointsSchema.parse(JSON.parse(text)).databaseUrl;
  } catch {
    throw new CliError('The stack is not running. Start it with: npm start');
  }
}
