/**
 * The sandbox's process: reads its flags, starts both servers, prints their addresses as one JSON
 * line and closes on SIGTERM or SIGINT.
 *
 *   node --import tsx infra/sandbox/main.ts --port 8090 --oracle-port 8091 --state-dir .adjutant
 */
import { parseArgs } from 'node:util';
import { startSandbox } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'oracle-port': { type: 'string', default: '0' },
    'state-dir': { type: 'string' },
  },
});

try {
  const sandbox = await startSandbox({
    port: Number(values.port),
    oraclePort: Number(values['oracle-port']),
    ...(values['state-dir'] === undefined ? {} : { stateDir: values['state-dir'] }),
  });
  const close = (): void => {
    sandbox[Symbol.asyncDispose]().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
  process.stdout.write(`${JSON.stringify({ sandbox: sandbox.url, oracle: sandbox.oracleUrl })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
