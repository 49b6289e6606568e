/**
 * Keeps the outside informed: read models in Postgres, search attributes and the plan in the Web UI.
 * One publication a wait, not one a change.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Published } from '#contracts/activities.ts';
import { isTerminal } from '#contracts/goal.ts';
import { searchAttributes } from '#contracts/names.ts';
import { bookkeep } from './bookkeeping.ts';
import { describeGoal } from './details.ts';
import type { Goal } from './goal.ts';
import { isEnding } from './outcome.ts';

const keys = {
  state: defineSearchAttributeKey(searchAttributes.goalState, SearchAttributeType.KEYWORD),
  pending: defineSearchAttributeKey(searchAttributes.pendingApprovals, SearchAttributeType.INT),
  deadline: defineSearchAttributeKey(searchAttributes.nextDeadline, SearchAttributeType.DATETIME),
};

/** Publishes whenever something asks for it, until the goal has ended. Runs beside the story. */
export function publishOnRequest(goal: Goal): void {
  void CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(
        () => goal.publishRequested || isTerminal(goal.state) || goal.isBeingHandedOn,
      );
      if (isTerminal(goal.state) || goal.isBeingHandedOn) return;
      // An end may have been told already, by a workflow task that was given up: nothing but it comes now.
      if (isEnding(goal) && patched('tells-only-the-end')) {
        await condition(() => !isEnding(goal) || isTerminal(goal.state) || goal.isBeingHandedOn);
      } else await publish(goal);
    }
  });
}

/** Publishes how the goal stands now. `cancelled`: its end came too late, and nothing was published. */
export async function publish(goal: Goal): Promise<Published['outcome']> {
  goal.publishRequested = false;
  goal.publications += 1;
  setCurrentDetails(describeGoal(goal));
  flushSearchAttributes(goal);
  try {
    return await bookkeep(goal, async (books) => {
      const events = goal.journal.take();
      try {
        const published = await books.publishGoal({
          goal: goal.view(),
          approvals: [...goal.approvals.values()],
          events,
          journalNumber: goal.journal.count,
          yieldsToCancellation: goal.isPrompt,
        });
        const outcome = outcomeOf(published);
        if (outcome === 'cancelled') goal.journal.putBack(events);
        return outcome;
      } catch (error) {
        goal.journal.putBack(events);
        throw error;
      }
    });
  } finally {
    goal.publications -= 1;
  }
}

/** What a publication came to. Histories of earlier releases hold the bare outcome, or none. */
function outcomeOf(published: Published | Published['outcome'] | null): Published['outcome'] {
  return (typeof published === 'string' ? published : published?.outcome) ?? 'published';
}

/** At most one upsert a wait: attributes follow when the goal waits for somebody, and at the end. */
function flushSearchAttributes(goal: Goal): void {
  if (goal.state === 'running' || goal.state === 'planning') return;
  const pending = goal.pendingApprovals();
  const deadline = pending.map((approval) => approval.expiresAt).sort()[0];
  const text = `${goal.state} ${pending.length} ${deadline ?? ''}`;
  if (text === goal.flushedAttributes) return;
  goal.flushedAttributes = text;
  upsertSearchAttributes([
    { key: keys.state, value: goal.state },
    { key: keys.pending, value: pending.length },
    { key: keys.deadline, value: deadline === undefined ? null : new Date(deadline) },
  ]);
}
