/**
 * What `npm run live-checks` runs: asks a vendor the questions of docs/live-checks.md on a throw-away
 * account, prints one line for each, and takes away what it made. It ends with 0 whatever it found.
 *
 *   ADJUTANT_LIVE_TOKEN=… npm run live-checks -- --provider google --yes-this-account-is-disposable
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { providers } from '#contracts/accounts.ts';
import { childEnvironment, loadConfig } from '#infra/config.ts';
import { openAccount } from './account.ts';
import { runChecks } from './checks.ts';
import { googleCalendarChecks } from './google-calendar.ts';
import { googleMailChecks, sweepGmail } from './google-mail.ts';
import { microsoftCalendarChecks } from './microsoft-calendar.ts';
import { microsoftMailChecks } from './microsoft-mail.ts';
import { sweepOutlook } from './microsoft-messages.ts';

const vendors = {
  google: { checks: [...googleCalendarChecks, ...googleMailChecks], sweep: sweepGmail },
  microsoft: { checks: [...microsoftCalendarChecks, ...microsoftMailChecks], sweep: sweepOutlook },
};
const usage =
  'npm run live-checks -- --provider google|microsoft --yes-this-account-is-disposable [--patience SECONDS]';

try {
  const { values } = parseArgs({
    options: {
      provider: { type: 'string' },
      patience: { type: 'string', default: '60' },
      'yes-this-account-is-disposable': { type: 'boolean', default: false },
    },
  });
  const provider = providers.find((name) => name === values.provider);
  if (provider === undefined) throw new Error(`Name a provider: ${usage}`);
  if (!values['yes-this-account-is-disposable']) {
    throw new Error(
      `The checks write, send and delete in the account. Use one that nobody needs, and say so: ${usage}`,
    );
  }
  const patienceMs = Number(values.patience) * 1_000;
  if (!(patienceMs > 0)) throw new Error(`--patience is not a number of seconds: ${usage}`);
  const env = childEnvironment({});
  const { wire, account } = await openAccount(provider, loadConfig(), {
    access: env['ADJUTANT_LIVE_TOKEN'],
    refresh: env['ADJUTANT_LIVE_REFRESH_TOKEN'],
  });
  const runId = `lc${randomBytes(6).toString('hex')}`;
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  print(`run ${runId} on ${account}`);
  await runChecks(vendors[provider], { wire, account, runId, patienceMs }, print);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
