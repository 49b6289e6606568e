/** Finds the running api and its token. Starts nothing and asks nothing over the network. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** An error whose message is the one line the person gets to see. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Where the api is, and the token that opens it. */
export type ApiAddress = { readonly url: string; readonly token: string };

/** What a person has set; the rest comes from the state directory. */
export type FindApiOptions = {
  readonly stateDir: string;
  readonly tokenFile: string;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
};

const endpointsSchema = z.object({ api: z.url({ protocol: /^https?$/ }) });

/**
 * Finds the api.
 * @throws CliError that says how to start the stack
 */
export async function findApi(options: FindApiOptions): Promise<ApiAddress> {
  const url = options.url ?? (await urlFrom(join(options.stateDir, 'endpoints.json')));
  const token = options.token ?? (await read(options.tokenFile))?.trim();
  if (token === undefined || token === '') {
    throw new CliError(
      `No token in ${options.tokenFile}. Set ADJUTANT_API_TOKEN, or start the stack with: npm start`,
    );
  }
  return { url: url.replace(/\/+$/, ''), token };
}

async function urlFrom(file: string): Promise<string> {
  const text = await read(file);
  if (text === undefined) {
    throw new CliError(`The stack is not running (no ${file}). Start it with: npm start`);
  }
  try {
    return endpointsSchema.parse(JSON.parse(text)).api;
  } catch {
    throw new CliError(`${file} is damaged. Stop the stack and start it again with: npm start`);
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}
