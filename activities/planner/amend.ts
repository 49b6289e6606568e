/** Checks a plan that a person wrote over a running one. Pure: it looks at nothing but the request. */
import type { AmendRequest } from '#contracts/activities.ts';
import { canonicalJson } from '#contracts/canonical.ts';
import { isJsonObject, type Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { Plan, PlanStep } from '#contracts/schemas/plan.ts';
import { checkPlan } from './check.ts';

/**
 * Checks by the rules of every plan, except that a person may name any address. A step that has begun
 * must stay as it is, or be left out, which means the same.
 */
export function checkAmendment(request: AmendRequest): { plan: Plan | null; problems: string[] } {
  const begun = request.previous.steps.filter(({ id }) => request.begun.includes(id));
  const checked = checkPlan(request.plan, {
    goalText: JSON.stringify(request.plan) ?? '',
    people: [],
    finished: begun,
    mayBeEmpty: true,
    maxSteps: limits.planMaxSteps,
  });
  if ('problems' in checked) return { plan: null, problems: [...checked.problems] };
  const changed = begun.filter((step) => isChanged(step, request.plan));
  if (changed.length === 0) return { plan: checked.plan, problems: [] };
  return {
    plan: null,
    problems: changed.map(
      ({ id }) => `step ${id}: it has begun; leave it as it is, or leave it out.`,
    ),
  };
}

/** What makes a step do what it does; the rest is explanation. */
function essence({ tool, input }: Pick<PlanStep, 'tool' | 'input'>): string {
  return canonicalJson({ tool, input: input as Json });
}

function isChanged(step: PlanStep, plan: Json): boolean {
  const steps = isJsonObject(plan) && Array.isArray(plan['steps']) ? plan['steps'] : [];
  const given = (steps as readonly Json[]).find(
    (item) => isJsonObject(item) && item['id'] === step.id,
  );
  return given !== undefined && essence(given as unknown as PlanStep) !== essence(step);
}
