/** The options a goal is started with: id, queue, summary, priority, search attributes. */
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { createHash } from 'node:crypto';
import { goalWorkflowId, queueName, searchAttributes } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';

const keys = {
  state: defineSearchAttributeKey(searchAttributes.goalState, SearchAttributeType.KEYWORD),
  owner: defineSearchAttributeKey(searchAttributes.goalOwner, SearchAttributeType.KEYWORD),
  kind: defineSearchAttributeKey(searchAttributes.goalKind, SearchAttributeType.KEYWORD),
  pending: defineSearchAttributeKey(searchAttributes.pendingApprovals, SearchAttributeType.INT),
};

/** An owner without their address: search attributes and fairness keys are not encrypted. */
export function ownerKey(owner: string): string {
  return createHash('sha256').update(owner).digest('hex').slice(0, 32);
}

/** The options a goal is started with. */
export function startOptions(input: GoalWorkflowInput, queuePrefix: string) {
  return {
    args: [input],
    workflowId: goalWorkflowId(input.goalId),
    taskQueue: queueName(queuePrefix, 'goals'),
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: shorten(input.goal, 100),
    staticDetails: `Goal of ${input.owner} (${input.mode}), id ${input.goalId}`,
    priority: { fairnessKey: ownerKey(input.owner) },
    typedSearchAttributes: [
      { key: keys.state, value: 'planning' },
      { key: keys.owner, value: ownerKey(input.owner) },
      { key: keys.kind, value: 'goal' },
      { key: keys.pending, value: 0 },
    ],
  };
}

/** One line of at most `maxChars`, without control characters and never half a character. */
export function shorten(text: string, maxChars: number): string {
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= maxChars ? line : `${characters.slice(0, maxChars - 1).join('')}…`;
}
