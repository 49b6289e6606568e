/** Writes api/openapi.json from the routes. Needs no server: nothing behind the routes is called. */
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { buildServer } from './server.ts';

/** Where the generated document is kept. */
export const openApiFile = new URL('./openapi.json', import.meta.url);

/** The document as it should be in the file. */
export async function renderOpenApi(): Promise<string> {
  const pack: unknown = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8'),
  );
  const version = String((pack as { version: unknown }).version);
  const unused = () => {
    throw new Error('Generating the document calls nothing.');
  };
  const nothing = new Proxy({}, { get: () => unused }) as never;
  const app = await buildServer({
    authenticate: unused,
    goals: nothing,
    approvals: nothing,
    people: nothing,
    feed: nothing,
    watch: nothing,
    webhooks: nothing,
    members: nothing,
    rules: nothing,
    triage: nothing,
    files: nothing,
    style: nothing,
    usage: nothing,
    accounts: nothing,
    signIns: nothing,
    runAccountRequest: unused,
    goalClient: nothing,
    signDecision: nothing,
    defaultZone: 'UTC',
    checkPostgres: unused,
    renderMetrics: unused,
    version,
  });
  try {
    return await format((await app.inject('/openapi.json')).body, {
      parser: 'json',
      printWidth: 100,
    });
  } finally {
    await app.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(openApiFile, await renderOpenApi());
}
