/**
 * What `npm start` runs: the whole system on one machine. Ctrl-C or SIGTERM stops it cleanly, a second
 * one at once. Every problem is one line that says what to do; then nothing is left running.
 */
import { childEnvironment, ConfigError, loadConfig, type Config } from './config.ts';
import { projectPrograms } from './local/parts.ts';
import { runLocal } from './local/run.ts';
import { stopRequest } from './local/signals.ts';
import { seedOffice } from './sandbox/seed.ts';

const print = (line: string) => console.log(line);
// A terminal or pipe that went away is no reason to leave processes behind.
process.stdout.on('error', () => undefined);
const config = readConfig();
if (config === undefined) {
  process.exitCode = 1;
} else {
  // Nothing may keep the process once all is stopped, such as a connection that is still timing out.
  process.exit(
    await runLocal({
      config,
      programs: projectPrograms,
      print,
      signal: stopRequest(),
      seed: seedOffice,
    }),
  );
}

/** On a laptop decisions made in Temporal's Web UI count, unless the person said otherwise. */
function readConfig(): Config | undefined {
  const env = childEnvironment({});
  try {
    return loadConfig({ ADJUTANT_UNSIGNED_DECISIONS: 'allow', ...env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return undefined;
  }
}
