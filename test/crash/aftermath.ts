/**
 * What is asked once all is quiet: is the audit whole, do the read models come back as they were, does
 * what goals say they used agree with the model's own count. Drops the read models of the stack.
 */
import { Client, type Connection } from '@temporalio/client';
import { fetchAudit } from '#api/cli/audit.ts';
import { createApiClient } from '#api/cli/api-client.ts';
import type { ChainedEntry } from '#contracts/audit.ts';
import type { GoalView } from '#contracts/goal.ts';
import { defaultQueuePrefix } from '#contracts/names.ts';
import { verifyAudit } from '#infra/audit-verification.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { createPool } from '#infra/postgres/pool.ts';
import type { Stack } from '#test/support/stack.ts';
import { differingCells, dropReadModels, readModelCells } from '#test/support/read-models.ts';
import { rebuildReadModels } from '#workers/rebuild.ts';

/** Calls to the model and their tokens. */
export type ModelUse = {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** What was found. */
export type Aftermath = {
  /** Everything the audit says, and what verifying it found. */
  readonly audit: {
    readonly entries: readonly Pick<ChainedEntry, 'goalId' | 'entry'>[];
    readonly findings: readonly string[];
  };
  /** Cells of the read models that a rebuild changed, and goals it could not rebuild. */
  readonly rebuild: readonly string[];
  /** As the goals say. */
  readonly settled: ModelUse;
  /** As the model counted. */
  readonly given: ModelUse;
};

/** Looks at a stack on which nothing happens any more. */
export async function readAftermath(
  stack: Stack,
  connection: Connection,
  goalIds: readonly string[],
): Promise<Aftermath> {
  const { api, databaseUrl } = stack.endpoints();
  const audit = await fetchAudit(createApiClient({ url: api, token: stack.token }));
  const { findings, unconfirmed, unread } = verifyAudit(audit);
  const settled = { calls: 0, inputTokens: 0, outputTokens: 0 };
  for (const goalId of goalIds) {
    const { status, body } = await stack.api(`/v1/goals/${goalId}`);
    if (status !== 200) continue;
    const { usage } = body as unknown as GoalView;
    settled.calls += usage.modelCalls;
    settled.inputTokens += usage.inputTokens;
    settled.outputTokens += usage.outputTokens;
  }
  return {
    audit: {
      entries: audit.entries,
      findings: [
        ...[...findings, ...unconfirmed].map(({ seq, problem }) => `entry ${seq}: ${problem}`),
        ...unread.map(({ goalId, problem }) => `goal ${goalId}: ${problem}`),
      ],
    },
    rebuild: await rebuildProblems(databaseUrl, connection),
    settled,
    given: await stack.oracle<ModelUse>('/__oracle/model'),
  };
}

async function rebuildProblems(url: string, connection: Connection): Promise<string[]> {
  const pool = createPool({ url, applicationName: 'adjutant-crash', size: 4 });
  try {
    const before = await readModelCells(pool);
    await dropReadModels(pool);
    const client = new Client({ connection, dataConverter: dataConverter(pool) });
    const { failed } = await rebuildReadModels({ client, pool, queuePrefix: defaultQueuePrefix });
    return [
      ...failed.map(({ goalId, reason }) => `${goalId}: not rebuilt: ${reason}`),
      ...differingCells(before, await readModelCells(pool)),
    ];
  } finally {
    await pool.end();
  }
}
