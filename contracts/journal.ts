/** The journal: numbered events of one goal. Everything shown about a goal's past comes from it. */
import type { Json } from './json.ts';
import type { GoalId } from './names.ts';

export const journalTypes = [
  'goal_started',
  'state_changed',
  'plan_proposed',
  'plan_invalid',
  'question_asked',
  'question_answered',
  'answer_refused',
  'step_started',
  'step_completed',
  'step_failed',
  'step_rejected',
  'step_skipped',
  'step_refused',
  'approval_requested',
  'decision_admitted',
  'decision_refused',
  'approval_expired',
  'approval_cancelled',
  'approval_reminded',
  'approval_escalated',
  'approval_delegated',
  'approval_counted',
  'approval_superseded',
  'rule_used',
  'effect_delayed',
  'effect_stopped',
  'goal_paused',
  'goal_resumed',
  'goal_steered',
  'plan_amended',
  'plan_amendment_refused',
  'provider_waiting',
  'provider_back',
  'budget_reached',
  'budget_raised',
  'run_continued',
  'mail_urgent',
  'mail_gap',
  'effect_confirmed',
  'effect_unknown',
  'effect_settled',
  'undo_started',
  'undo_confirmed',
  'undo_failed',
  'signal_refused',
  'cancel_requested',
  'goal_ended',
] as const;
export type JournalType = (typeof journalTypes)[number];

/** One event. `number` counts from 1 without gaps within a goal; `at` is workflow time, RFC 3339. */
export type JournalEvent = {
  readonly number: number;
  readonly at: string;
  readonly type: JournalType;
  readonly stepId: string | null;
  /** Small and without private text beyond titles: ids, states, reasons. */
  readonly data: { readonly [key: string]: Json };
};

/** A journal event as it leaves the installation, by stream or webhook. */
export type GoalEvent = JournalEvent & { readonly goalId: GoalId };

/** The header in which unpublished events ride on the next activity, at no extra history event. */
export const journalHeader = 'adjutant-journal';
