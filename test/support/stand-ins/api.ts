/** Stands in for the api in tests of the local stack: answers, counts goals, prints its ready line. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { loadConfig } from '#infra/config.ts';

const config = loadConfig();
const server = createServer((request, response) => {
  const key = String(request.headers['idempotency-key'] ?? '');
  if (request.method === 'POST' && request.url === '/v1/goals') {
    appendFileSync(join(config.stateDir, 'goals-seen'), `${key}\n`);
    response.writeHead(202, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'sample', state: 'planning' }));
    return;
  }
  response.end(
    JSON.stringify({
      unsigned: config.unsignedDecisions,
      google: config.google.rootUrl,
      owner: config.owner,
    }),
  );
});
server.listen(config.api.port, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${config.api.port}`;
  console.log(JSON.stringify({ ready: 'api', url }));
});
process.once('SIGTERM', () => server.close(() => process.exit(0)));
