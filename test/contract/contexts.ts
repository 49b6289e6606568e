/** The contexts that activities are called with, as the workflow would give them. */
import { createHash } from 'node:crypto';
import type { StepContext } from '#contracts/activities.ts';
import type { GoalId } from '#contracts/names.ts';
import type { EffectContext } from '#activities/effects/handler.ts';
import type { Sandbox } from '#infra/sandbox/server.ts';

/** The context of one step; `now` is the sandbox's. */
export function stepContext(sandbox: Sandbox, owner = sandbox.office.main.email): StepContext {
  return {
    goalId: '0123456789abcdefghijklmnop' as GoalId,
    owner,
    zone: 'Europe/Berlin',
    stepId: 'step',
    now: sandbox.office.now().toISOString(),
  };
}

/** An effect key as the gateway derives one. */
export function effectKey(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** When the intent of every test effect was written. */
export const intentAt = '2026-10-07T08:00:00.000Z';

/** The context of one effect, with what it saves readable as `saved`. */
export function effectContext(
  step: StepContext,
  name: string,
  providerRef: string | null = null,
): EffectContext & { saved: string[] } {
  const saved: string[] = [];
  return {
    step,
    effectKey: effectKey(name),
    intentAt,
    providerRef,
    saved,
    saveProviderRef: async (ref) => void saved.push(ref),
    signal: new AbortController().signal,
  };
}
