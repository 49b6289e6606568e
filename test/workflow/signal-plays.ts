/** Random goals and what is done to them, for signals.property.test.ts. */
import * as fc from 'fast-check';
import type { PlanRequest, PlanResult } from '#contracts/activities.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { plan, step } from '../support/goals.ts';

/** What a step does and how it goes: an unknown outcome, an account that must be connected again. */
export type Kind = 'event' | 'mail' | 'unknown' | 'reconnect';

/** Everything that can be done to a goal. Decisions are listed more than once: they come most. */
export const deeds = [
  'approve',
  'approve',
  'approve',
  'edit',
  'reject',
  'reject_with_comment',
  'stale_digest',
  'malformed',
  'not_allowed',
  'invalid_edit',
  'repeat',
  'late',
  'pause',
  'resume',
  'steer_add',
  'steer_drop',
  'amend_add',
  'amend_drop',
  'amend_stale',
  'stop',
  'reconnect',
  'answer',
  'answer_badly',
  'nonsense',
  'cancel',
] as const;
export type Deed = (typeof deeds)[number];

/** One thing that is done. `at` says to which request or step, among those there are. */
export type Move = {
  readonly deed: Deed;
  readonly at: number;
  /** Whether something is waited for that can be decided. */
  readonly waits: boolean;
  readonly gapMs: number;
};

/** One goal and what is done to it. */
export type Play = {
  readonly kinds: readonly Kind[];
  readonly inSequence: boolean;
  readonly asks: boolean;
  readonly planApproval: boolean;
  readonly sendDelayMs: number;
  readonly approvalExpiresMs: number;
  readonly continueAfterEvents: number | null;
  readonly moves: readonly Move[];
};

const move: fc.Arbitrary<Move> = fc.record({
  deed: fc.constantFrom(...deeds),
  at: fc.nat({ max: 7 }),
  waits: fc.boolean(),
  gapMs: fc.constantFrom(0, 0, 0, 0, 15, 60),
});

/** Random plays. */
export const plays: fc.Arbitrary<Play> = fc.record({
  kinds: fc.array(fc.constantFrom<Kind>('event', 'event', 'mail', 'mail', 'unknown', 'reconnect'), {
    minLength: 1,
    maxLength: 4,
  }),
  inSequence: fc.boolean(),
  asks: fc.nat({ max: 4 }).map((n) => n === 0),
  planApproval: fc.nat({ max: 4 }).map((n) => n === 0),
  sendDelayMs: fc.constantFrom(0, 0, 250),
  approvalExpiresMs: fc.constantFrom(60_000, 60_000, 60_000, 1_500),
  continueAfterEvents: fc.option(fc.integer({ min: 25, max: 60 }), { freq: 6 }),
  moves: fc.array(move, { minLength: 3, maxLength: 14 }),
});

/** What a goal of this play is started with. */
export function settingsOf(play: Play): Partial<GoalWorkflowInput> {
  const { planApproval, sendDelayMs, approvalExpiresMs, continueAfterEvents } = play;
  return {
    policy: { ...defaultPolicy, planApproval },
    timers: { ...defaultTimers, sendDelayMs, approvalExpiresMs, reconcileForMs: 50 },
    ...(continueAfterEvents === null ? {} : { continueAfterEvents }),
  };
}

/** A step that leaves its goal, id and kind at the provider. */
export function effectStep(name: string, id: string, kind: Kind, dependsOn: string[] = []) {
  const title = `${name} ${id} ${kind}`;
  if (kind !== 'mail') {
    const input = { title, start: '2026-12-01T10:00', durationMinutes: 30, guests: [] };
    return step(id, 'createEvent', input, { dependsOn });
  }
  const input = { to: ['bob@office.example.com'], subject: title, body: 'Hello' };
  return step(id, 'sendEmail', input, { dependsOn });
}

/** The first plan of a play. */
export function planOf(name: string, { kinds, inSequence }: Play): Partial<PlanResult> {
  return plan(
    ...kinds.map((kind, i) => {
      const dependsOn = inSequence && i > 0 ? [`s${i - 1}`] : [];
      return effectStep(name, `s${i}`, kind, dependsOn);
    }),
  );
}

/** A question before the plan. */
export function questionOf(): Partial<PlanResult> {
  return { questions: [{ id: 'q', question: 'Who?', choices: [] }] };
}

/** What the planner makes of an instruction or a rejection: a step more, or one less. */
export function replan(
  name: string,
  { previous, reason, number }: NonNullable<PlanRequest['revision']>,
): Partial<PlanResult> {
  const dropped = /drop (\w+)/.exec(reason)?.[1] ?? /rejected step (\w+)/.exec(reason)?.[1];
  if (dropped === undefined) {
    return plan(...previous.steps, effectStep(name, `n${number}`, 'mail'));
  }
  return plan(...without(previous.steps, dropped));
}

/** The steps of a plan without one, which nothing needs any more. */
export function without(steps: readonly PlanStep[], id: string): PlanStep[] {
  return steps
    .filter((one) => one.id !== id)
    .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((needed) => needed !== id) }));
}
