/**
 * A small program: `node --import tsx download.ts VERSION TARGET` puts the released Temporal CLI at
 * TARGET. The SDK has no plain download, so this lets it start a server from a download and keeps the
 * program it fetched; the server itself is stopped at once.
 */
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [version = 'default', target] = process.argv.slice(2);
if (target === undefined) throw new Error('usage: download.ts VERSION TARGET');
const downloadDir = mkdtempSync(join(dirname(target), 'download-'));
try {
  const server = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir, version } },
  });
  await server.teardown();
  // The SDK chooses the name; the program is by far the largest file.
  const size = (name: string) => statSync(join(downloadDir, name)).size;
  const program = readdirSync(downloadDir).toSorted((a, b) => size(b) - size(a))[0];
  if (program === undefined) throw new Error('the SDK kept no program');
  chmodSync(join(downloadDir, program), 0o755);
  renameSync(join(downloadDir, program), target);
} catch (error) {
  // The parent shows the last line as the reason.
  console.error(error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error));
  process.exitCode = 1;
} finally {
  rmSync(downloadDir, { recursive: true, force: true });
}
