/**
 * Checks a proposed plan before anything runs: shape, limits, inputs, references, order and where
 * its addresses come from. Pure. It mends only what has one possible meaning (a missing dependency,
 * a null that means "absent"); everything else becomes a sentence the model can act on.
 */
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { type Plan, type PlanStep, planSchema } from '#contracts/schemas/plan.ts';
import { checkInput } from './check-input.ts';
import { checkOrder } from './check-order.ts';
import { checkReferences } from './check-references.ts';

/** What a plan is checked against. */
export type CheckContext = {
  /** All the planner was told: an address that is neither here nor in `people` is invented. */
  readonly goalText: string;
  readonly people: readonly { readonly email: string }[];
  /** The person's accounts; absent where they are not known and preparing a step refuses others. */
  readonly accounts?: readonly { readonly email: string; readonly label: string | null }[];
  /** Steps of an earlier revision that are done: they may be referred to and stay as they are. */
  readonly finished?: readonly PlanStep[];
  /** A revision may add nothing. */
  readonly mayBeEmpty?: boolean;
  /** The most steps; what a model may propose when absent. */
  readonly maxSteps?: number;
};

/** The checked plan, or what is wrong with it in exact sentences. */
export type CheckedPlan = { readonly plan: Plan } | { readonly problems: readonly string[] };

/** Checks a reply of the planner. Never throws. */
export function checkPlan(reply: unknown, context: CheckContext): CheckedPlan {
  const shaped = shapeOf(reply, context.maxSteps ?? limits.planProposedMaxSteps);
  if ('problems' in shaped) return shaped;
  const { plan } = shaped;
  const finished = context.finished ?? [];
  const steps = plan.steps.filter(({ id }) => !finished.some((step) => step.id === id));
  if (steps.length === 0 && context.mayBeEmpty !== true) {
    return { problems: ['The plan has no steps: propose at least one, or ask a question.'] };
  }
  const problems: string[] = duplicateIds(plan.steps);
  const all = new Map([...finished, ...steps].map((step) => [step.id, step]));
  const mended = steps.map((step) => {
    problems.push(...checkInput(step, context));
    const { problems: found, referenced } = checkReferences(step, all);
    problems.push(...found);
    return { ...step, dependsOn: [...new Set([...step.dependsOn, ...referenced])] };
  });
  problems.push(...checkOrder(mended, new Set(finished.map(({ id }) => id))));
  return problems.length === 0
    ? { plan: { ...plan, steps: mended } }
    : { problems: problems.slice(0, limits.planProblemsMax) };
}

function shapeOf(reply: unknown, maxSteps: number): CheckedPlan {
  if (!isJsonObject(reply)) return { problems: ['The reply is not an object.'] };
  const { steps } = reply;
  if (Array.isArray(steps) && steps.length > maxSteps) {
    const count = `The plan has ${steps.length} steps; at most ${maxSteps} are allowed`;
    return { problems: [`${count}: do less, or ask the person to split the goal.`] };
  }
  if (isDeeperThan(reply, limits.jsonDepthMax)) {
    return { problems: ['The reply is nested too deeply.'] };
  }
  const { questions: _, ...plan } = reply;
  const parsed = planSchema.safeParse({
    ...plan,
    ...(Array.isArray(steps) ? { steps: (steps as Json[]).map(withoutAbsent) } : {}),
  });
  if (parsed.success) return { plan: parsed.data };
  return {
    problems: parsed.error.issues.slice(0, limits.planProblemsMax).map(({ path, message }) => {
      const [first, index, ...rest] = path;
      const step = first === 'steps' && typeof index === 'number' ? nameOf(steps, index) : 'plan';
      const place = step === 'plan' ? path : rest;
      return `${step}: ${place.length === 0 ? '' : `${place.join('.')}: `}${message}`;
    }),
  };
}

function nameOf(steps: Json | undefined, index: number): string {
  const step = Array.isArray(steps) ? (steps as readonly Json[])[index] : undefined;
  const id = isJsonObject(step) && typeof step.id === 'string' ? step.id.slice(0, 40) : undefined;
  return id === undefined ? `step number ${index + 1}` : `step ${id}`;
}

/** Structured output must name every property, so null stands for "absent". */
function withoutAbsent(step: Json): Json {
  if (!isJsonObject(step) || !isJsonObject(step.input)) return step;
  return { ...step, input: dropNulls(step.input) };
}

function dropNulls(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([key, item]) => [key, isJsonObject(item) ? dropNulls(item) : item]),
  );
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, depth - 1));
}

function duplicateIds(steps: readonly PlanStep[]): string[] {
  const ids = steps.map(({ id }) => id);
  const repeated = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  return [...repeated].map((id) => `step ${id}: the id is used more than once; give each its own.`);
}
