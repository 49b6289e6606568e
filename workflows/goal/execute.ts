/**
 * Carries a plan out: every step whose dependencies are done starts at once, the rest wait. A critical
 * step that fails stops the plan; a step that waits for a person holds up only what depends on it.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { Goal, Step } from './goal.ts';
import { runStep } from './step.ts';

/** Why execution stopped. */
export type Execution =
  | { readonly ended: 'done' }
  | { readonly ended: 'checkpoint'; readonly stepId: string }
  | { readonly ended: 'critical_failure'; readonly stepId: string };

/** Runs all steps that can run. @throws CancelledFailure when the goal is cancelled. */
export async function executePlan(goal: Goal): Promise<Execution> {
  const outer = CancellationScope.current();
  const scope = new CancellationScope();
  let stop: Execution = { ended: 'done' };
  await scope.run(async () => {
    const running = new Map<Step, Promise<void>>();
    for (;;) {
      skipUnreachable(goal);
      if (stop.ended === 'done' && !scope.consideredCancelled) {
        for (const step of goal.steps.filter((candidate) => isReady(goal, candidate))) {
          const run = runStep(goal, step).then(() => {
            running.delete(step);
            stop = stopAfter(goal, step, stop);
          });
          running.set(step, run);
        }
      }
      if (stop.ended === 'critical_failure') scope.cancel();
      if (running.size === 0) return;
      await Promise.race(running.values());
    }
  });
  if (outer.consideredCancelled) await outer.cancelRequested;
  return stop;
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
  return (
    step.status === 'pending' &&
    step.plan.dependsOn.every((id) => find(goal, id)?.status === 'completed')
  );
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
      step.status = 'skipped';
      goal.journal.append('step_skipped', { because: blocker }, step.plan.id);
      changed = true;
    }
  }
}

function find(goal: Goal, id: string): Step | undefined {
  return goal.steps.find((step) => step.plan.id === id);
}
