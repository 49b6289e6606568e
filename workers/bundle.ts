/**
 * The workflow bundle every worker loads, built once for each state of the sources. Run as a script it
 * builds the bundle ahead of time.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const interceptorModules = ['workflows/tracing.ts', 'workflows/interceptors.ts'].map((file) =>
  join(root, file),
);
const payloadConverterFile = 'workers/payload-converter.ts';

/**
 * Returns the bundle for the sources as they are, building it when there is none in `directory`.
 * Takes about a second to build.
 */
export async function workflowBundle(directory: string): Promise<WorkflowBundleOption> {
  const file = join(directory, `workflows-${sourceHash()}.js`);
  if (!existsSync(file)) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, 'workflows/index.ts'),
      workflowInterceptorModules: interceptorModules,
      payloadConverterPath: join(root, payloadConverterFile),
      logger: new DefaultLogger('WARN'),
    });
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, code);
    renameSync(`${file}.${process.pid}`, file);
  }
  return { codePath: file };
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const files = [
    'package-lock.json',
    'workers/bundle.ts',
    payloadConverterFile,
    ...listSources('workflows'),
    ...listSources('contracts'),
  ].sort();
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}

function listSources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = await workflowBundle(join(root, 'dist'));
  process.stdout.write(`${'codePath' in option ? option.codePath : ''}\n`);
}
