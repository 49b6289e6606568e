/**
 * Stands in for a worker in tests of the local stack. STAND_IN_WORKER=dies makes it end at once,
 * STAND_IN_WORKER=deaf makes it ignore the request to stop, STAND_IN_WORKER=slow late to be ready.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '#infra/config.ts';

const config = loadConfig();
const lateMs = process.env.STAND_IN_WORKER === 'slow' ? 3_000 : 0;
setTimeout(() => {
  writeFileSync(join(config.stateDir, 'worker-was-ready'), '');
  console.log(JSON.stringify({ ready: 'worker' }));
}, lateMs);
const keepAlive = setInterval(() => undefined, 60_000);
if (process.env.STAND_IN_WORKER === 'dies') setTimeout(() => process.exit(3), 50);
process.on('SIGTERM', () => {
  if (process.env.STAND_IN_WORKER === 'deaf') return;
  writeFileSync(join(config.stateDir, 'worker-stopped-cleanly'), '');
  clearInterval(keepAlive);
  process.exit(0);
});
