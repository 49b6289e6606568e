/** A release that breaks running goals on purpose: it waits before it does what it always did. */
import { sleep } from '@temporalio/workflow';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { goalWorkflow as compatible } from '#workflows/index.ts';

/** The workflow with a timer put in front. */
export async function goalWorkflow(input: GoalWorkflowInput) {
  await sleep(1_000);
  return compatible(input);
}
