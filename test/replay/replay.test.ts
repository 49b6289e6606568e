/** Every kept history must replay on the bundle that workers load: a deploy never strands a goal. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '#workers/bundle.ts';
import '../support/quiet-runtime.ts';
import { detours } from './detours.ts';
import { endings } from './endings.ts';
import { keptHistories, namesKept } from './history-files.ts';
import manifest from '../../package.json' with { type: 'json' };

const kept = keptHistories();
/** What is recorded beside the scenarios of goals. */
const others = ['research-goal', 'research-child', 'triage-goal', 'triage-child', 'webhook'];
const notGoals = /\/(research-child|triage-child|webhook)$/;
type Bundle = Awaited<ReturnType<typeof workflowBundle>>;

/** Where workflows report spans; nobody listens here. */
const sinks = { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };

/** The names of histories that do not replay, with what went wrong. */
async function failuresOn(workflowBundle: Bundle, histories = kept): Promise<Map<string, Error>> {
  const failures = new Map<string, Error>();
  const replays = Worker.runReplayHistories({ workflowBundle, sinks }, histories);
  for await (const { workflowId, error } of replays) {
    if (error !== undefined) failures.set(workflowId, error);
  }
  return failures;
}

describe('on the bundle of this source', () => {
  let failures: Map<string, Error>;
  beforeAll(async () => {
    failures = await failuresOn(await workflowBundle(join(tmpdir(), 'adjutant-test-bundles')));
  });

  it.each(kept.map(({ workflowId }) => workflowId))('%s replays', (name) => {
    expect(failures.get(name)).toBeUndefined();
  });
});

it('the release has a history for every way a goal can go, and older ones keep theirs', () => {
  const release = namesKept(manifest.version);
  const ways = [...Object.keys(endings), ...Object.keys(detours), ...others];
  expect(ways.filter((name) => !release.has(name))).toEqual([]);
  expect(namesKept('0.1.0').size).toBeGreaterThanOrEqual(21);
});

it('a change that does something else first is caught on every goal (seen: 24)', async () => {
  const root = join(import.meta.dirname, '../..');
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'incompatible-workflows.ts'),
    workflowInterceptorModules: [join(root, 'workflows/interceptors.ts')],
    payloadConverterPath: join(root, 'workers/payload-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const goals = kept.filter(({ workflowId }) => !notGoals.test(workflowId));
  const failures = await failuresOn(bundle, goals);
  for (const { workflowId: id } of goals) {
    expect(failures.get(id)?.name, id).toBe('DeterminismViolationError');
  }
});
