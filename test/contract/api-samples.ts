/** Sample people, approvals and views for tests of the api and the command line tool. */
import type { Approval } from '#contracts/approval.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { GoalView } from '#contracts/goal.ts';
import { initialView } from '#contracts/initial-view.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { approvalIdOf, type GoalId } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';

export const alice = 'alice@example.com';
export const bob = 'bob@example.com';
export const digest = `v1:sha256:${'a'.repeat(64)}`;

/** A pending approval of a step. */
export function approvalOf(goalId: string, stepId = 'invite'): Approval {
  return {
    approvalId: approvalIdOf(goalId as GoalId, stepId, 1),
    goalId: goalId as GoalId,
    stepId,
    revision: 1,
    kind: 'action',
    tier: 3,
    tool: 'createEvent',
    reasons: ['1 person will be told by mail.'],
    card: {
      title: 'Invite Bob',
      lines: [{ label: 'When', value: 'Tue 10:00' }],
      warnings: [],
      undo: null,
    },
    input: { title: 'Sync', guests: ['bob@example.com'] },
    context: [],
    digest,
    requestedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    assignedRole: 'owner',
    assignedTo: null,
    requiredDecisions: 1,
    approvedBy: [],
    remindedAt: null,
    supersedes: null,
    difference: [],
    leavesAt: null,
    contentAsOf: null,
    state: 'pending',
    decision: null,
  };
}

/** How a goal looks before its workflow has spoken. */
export function viewOf(goalId: string, owner = alice, changes: Partial<GoalView> = {}): GoalView {
  const input: GoalWorkflowInput = {
    goalId: goalId as GoalId,
    owner,
    zone: 'Europe/Berlin',
    goal: 'Invite Bob next week',
    context: '',
    constraints: [],
    mode: 'live',
    policy: defaultPolicy,
    timers: defaultTimers,
  };
  return { ...initialView(input, new Date().toISOString()), ...changes };
}

/** How somebody writes, as it is kept. */
export const tone = {
  greeting: 'Hi [name],',
  closing: 'Alice',
  formality: 'casual',
  sentenceLength: 'short',
  languages: ['en'],
  phrases: [],
  notes: '',
};
