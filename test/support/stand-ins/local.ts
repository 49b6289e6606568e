/** The local stack with stand-ins for worker and api, and the real everything else. */
import { join } from 'node:path';
import { loadConfig } from '#infra/config.ts';
import { projectPrograms } from '#infra/local/parts.ts';
import { runLocal } from '#infra/local/run.ts';
import { stopRequest } from '#infra/local/signals.ts';
import { seedOffice } from '#infra/sandbox/seed.ts';

process.exit(
  await runLocal({
    config: loadConfig({ ADJUTANT_UNSIGNED_DECISIONS: 'allow', ...process.env }),
    programs: {
      ...projectPrograms,
      worker: { file: join(import.meta.dirname, 'worker.ts') },
      api: { file: join(import.meta.dirname, 'api.ts') },
    },
    print: (line) => console.log(line),
    signal: stopRequest(),
    seed: seedOffice,
  }),
);
