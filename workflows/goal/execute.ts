/**
 * Carries a plan out: every step whose dependencies are done starts at once, the rest wait. A critical
 * step that fails stops the plan; a step that waits for a person holds up only what depends on it.
 */
import { CancellationScope, condition, isCancellation, patched } from '@temporalio/workflow';
import { limits } from '#contracts/limits.ts';
import { type Goal, hasEnded, type Step } from './goal.ts';
import { commentedSteps, skipStep } from './outcome.ts';
import { approveCarriedRevision, steerPlan } from './planning.ts';
import { runStep } from './step.ts';
import { Parked } from './waiting.ts';

/** Why execution stopped. */
export type Execution =
  | { readonly ended: 'done' }
  | { readonly ended: 'checkpoint'; readonly stepId: string }
  | { readonly ended: 'critical_failure'; readonly stepId: string };

/**
 * Runs all steps that can run. `isAsked`: an earlier run of the workflow has asked the person about
 * the plan, and nothing of it begins until they have answered.
 * @throws CancelledFailure when the goal is cancelled, Parked when this run ends and another goes on
 */
export async function executePlan(goal: Goal, isAsked = false): Promise<Execution> {
  const outer = CancellationScope.current();
  const scope = new CancellationScope();
  let stop: Execution = { ended: 'done' };
  await scope.run(async () => {
    const running = new Map<Step, Promise<void>>();
    let planning = isAsked ? beside(approveCarriedRevision) : null;
    const started = new Set<Step>();
    const isStopped = () => stop.ended !== 'done' || scope.consideredCancelled;
    for (;;) {
      if (goal.instructions.length > 0 && planning === null && !isStopped() && !goal.parking) {
        goal.plansBeside ||= patched('plans-beside-steps');
        planning = beside(steerPlan);
        if (!goal.plansBeside) await planning;
      }
      skipUnreachable(goal);
      if (!isStopped() && !goal.parking && !goal.isHeld) {
        for (const step of startable(goal, started, running.size)) {
          // Nothing of a plan begins that is being made, or that the person is asked about.
          if (planning !== null && step.status === 'pending') continue;
          started.add(step);
          const run = runStep(goal, step).then(() => {
            running.delete(step);
            stop = stopAfter(goal, step, stop);
          });
          running.set(step, run);
        }
      }
      if (stop.ended === 'critical_failure') scope.cancel();
      if (goal.isPrompt && onlyWaits(running))
        goal.publishRequested ||= goal.journal.unpublished.length > 0;
      const underWay = [...running.values(), ...(planning === null ? [] : [planning])];
      if (underWay.length > 0) await Promise.race([...underWay, goal.changed()]);
      else if (goal.isHeld && !isStopped() && !goal.parking && !endsThoughPaused(goal))
        await condition(() => !goal.isHeld || goal.parking || goal.instructions.length > 0);
      else return;
    }

    function beside(work: (goal: Goal) => Promise<void>): Promise<void> {
      return unlessEnded(goal, work).finally(() => {
        planning = null;
      });
    }
  });
  if (outer.consideredCancelled) await outer.cancelRequested;
  // An instruction that came last is followed by the next run.
  if (goal.parking && stop.ended === 'done' && !isOver(goal)) throw new Parked();
  return stop;
}

/** True when no step is left to do and no instruction to follow. */
function isOver(goal: Goal): boolean {
  return (
    goal.instructions.length === 0 &&
    goal.steps.every((step) => hasEnded(step) || isSettledUnknown(goal, step))
  );
}

/**
 * Pausing keeps things from starting, and a goal that has nothing left to start ends. Its end may be
 * published already: a signal that comes then makes the server have the last workflow task done again.
 */
function endsThoughPaused(goal: Goal): boolean {
  const isSettled = isOver(goal) && commentedSteps(goal).length === 0;
  return goal.paused && isSettled && patched('ends-though-paused');
}

/** Plans while steps go on, which must be waited for: the loop goes on whatever becomes of it. */
async function unlessEnded(goal: Goal, work: (goal: Goal) => Promise<void>): Promise<void> {
  try {
    await work(goal);
  } catch (error) {
    if (error instanceof Parked) return;
    if (!isCancellation(error)) throw error;
    if (goal.plansBeside) goal.enter('executing');
  }
}

function isSettledUnknown(goal: Goal, step: Step): boolean {
  return step.status === 'unknown' && !isAskedAbout(goal, step);
}

/** Steps that can start now, and those that an earlier run of the workflow left waiting. */
function startable(goal: Goal, started: ReadonlySet<Step>, running: number): Step[] {
  const room = Math.max(limits.stepsInParallel - running, 0);
  return goal.steps.filter((step) => !started.has(step) && isReady(goal, step)).slice(0, room);
}

const waits: readonly Step['status'][] = [
  'awaiting_approval',
  'delayed',
  'waiting_on_provider',
  'unknown',
];

/** True when nothing is under way that could carry what has happened to the outside. */
function onlyWaits(running: ReadonlyMap<Step, unknown>): boolean {
  return running.size > 0 && [...running.keys()].every(({ status }) => waits.includes(status));
}

function stopAfter(goal: Goal, step: Step, before: Execution): Execution {
  const stepId = step.plan.id;
  if (before.ended === 'critical_failure') return before;
  if (step.status === 'failed' && step.plan.critical) return { ended: 'critical_failure', stepId };
  const more = goal.steps.some(({ status }) => status === 'pending');
  if (step.status === 'completed' && step.plan.checkpoint && more) {
    return { ended: 'checkpoint', stepId };
  }
  return before;
}

function isReady(goal: Goal, step: Step): boolean {
  if (step.status === 'pending') {
    return step.plan.dependsOn.every((id) => find(goal, id)?.status === 'completed');
  }
  if (step.status === 'unknown') return isAskedAbout(goal, step);
  return !hasEnded(step);
}

/** True when a person is still asked what became of an effect, or has said it and nobody has heard. */
function isAskedAbout(goal: Goal, step: Step): boolean {
  const asked = [...goal.approvals.values()].find(
    ({ stepId, state, approvalId }) =>
      stepId === `${step.plan.id}_outcome` && (state === 'pending' || goal.unheard.has(approvalId)),
  );
  return asked?.state === 'pending' || (asked !== undefined && patched('hears-outcomes'));
}

/** A step whose dependency will never be completed is skipped, and what depends on it likewise. */
function skipUnreachable(goal: Goal): void {
  const dead = new Set(['failed', 'rejected', 'skipped', 'unknown']);
  let changed = true;
  while (changed) {
    changed = false;
    for (const step of goal.steps) {
      if (step.status !== 'pending') continue;
      const blocker = step.plan.dependsOn.find((id) => {
        const dependency = find(goal, id);
        return dependency === undefined || dead.has(dependency.status);
      });
      if (blocker === undefined) continue;
      skipStep(goal, step, blocker);
      changed = true;
    }
  }
}

function find(goal: Goal, id: string): Step | undefined {
  return goal.steps.find((step) => step.plan.id === id);
}
