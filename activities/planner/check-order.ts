/** Checks the order of steps: dependencies exist, stay within limits and form no circle. Pure. */
import { limits } from '#contracts/limits.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';

/** What is wrong with the order. `finished` names steps that are done already. */
export function checkOrder(steps: readonly PlanStep[], finished: ReadonlySet<string>): string[] {
  const ids = new Set(steps.map(({ id }) => id));
  const problems = steps.flatMap(({ id, dependsOn }) => {
    const found = dependsOn.flatMap((other) => {
      if (other === id) return [`step ${id}: dependsOn names the step itself.`];
      if (ids.has(other) || finished.has(other)) return [];
      return [`step ${id}: dependsOn names ${other}, which does not exist.`];
    });
    if (dependsOn.length > limits.planMaxDependencies) {
      found.push(
        `step ${id}: it depends on ${dependsOn.length} steps; at most ` +
          `${limits.planMaxDependencies} are allowed.`,
      );
    }
    return found;
  });
  const circle = stepsInCircle(steps);
  if (circle.length > 1) {
    problems.push(`The steps ${circle.join(', ')} wait for each other in a circle.`);
  }
  return problems;
}

/** What is left when steps whose dependencies are all met are taken away, again and again. */
function stepsInCircle(steps: readonly PlanStep[]): string[] {
  let left = [...steps];
  for (;;) {
    const ids = new Set(left.map(({ id }) => id));
    const next = left.filter(({ id, dependsOn }) =>
      dependsOn.some((other) => other !== id && ids.has(other)),
    );
    if (next.length === left.length) return next.map(({ id }) => id);
    left = next;
  }
}
