/**
 * The release after this one: a copy of the program whose goals do something more, and a worker process
 * of it on a running stack. It is what a deploy puts beside the old workers; it makes nothing current.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodePart, projectRoot, sandboxEnvironment, workerReady } from '#infra/local/parts.ts';
import type { Stack } from './stack.ts';

/** Marks what goals do since the next release. */
export const patches = {
  /** A timer before anything else: only goals that began on the release have it. */
  beginning: 'waits-before-it-begins',
  /** A timer before the end: also goals that moved to the release have it. */
  end: 'waits-before-it-ends',
} as const;

const program = ['activities', 'contracts', 'infra', 'workers', 'workflows'];
const settings = ['package.json', 'package-lock.json', 'tsconfig.json'];

/** Starts a worker process of the next release; it hosts every queue, as the stack's own does. */
export async function startNextRelease(
  stack: Stack,
  release: { readonly deployment: string; readonly buildId: string },
): Promise<AsyncDisposable> {
  const root = mkdtempSync(join(tmpdir(), 'adjutant-release-'));
  for (const name of [...program, ...settings]) {
    cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  changeGoals(join(root, 'workflows/goal/workflow.ts'));
  const { temporalAddress, databaseUrl, sandbox } = stack.endpoints();
  const replaced = { model: true, accounts: true, search: true };
  const running = await nodePart({
    name: 'next release',
    program: { file: join(root, 'workers/main.ts') },
    env: {
      ...sandboxEnvironment(sandbox ?? '', replaced),
      ADJUTANT_STATE_DIR: stack.stateDir,
      ADJUTANT_DEPLOYMENT: release.deployment,
      ADJUTANT_BUILD_ID: release.buildId,
      TEMPORAL_ADDRESS: temporalAddress,
      DATABASE_URL: databaseUrl,
    },
    logFile: join(stack.stateDir, 'logs', 'next-release.log'),
    ready: workerReady,
    onSpawn: () => undefined,
  }).start(new AbortController().signal);
  return {
    async [Symbol.asyncDispose]() {
      await running.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The first of what `end` does. */
const ending = `await condition(allHandlersFinished);
  return CancellationScope.nonCancellable(`;

/** Adds the timers to the workflow, each guarded as CONTRIBUTING asks. */
function changeGoals(file: string): void {
  const guarded = (patch: string, line: string) =>
    `if (isChanged('${patch}')) await rest(1);\n${line}`;
  const lines = {
    'import {':
      'import { patched as isChanged, sleep as rest } from "@temporalio/workflow";\nimport {',
    'return await toTheEnd(goal, () => carryOut(goal));': guarded(
      patches.beginning,
      'return await toTheEnd(goal, () => carryOut(goal));',
    ),
    [ending]: guarded(patches.end, ending),
  };
  let source = readFileSync(file, 'utf8');
  for (const [line, replacement] of Object.entries(lines)) {
    if (!source.includes(line)) throw new Error(`workflow.ts has no line "${line}" any more`);
    source = source.replace(line, replacement);
  }
  writeFileSync(file, source);
}
