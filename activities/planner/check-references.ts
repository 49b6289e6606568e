/** Checks a step's references: well formed, to a step that exists, to a value of a fitting type. Pure. */
import type { Json } from '#contracts/json.ts';
import { type Reference, referencesIn } from '#contracts/references.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { compatible, inputTypes, inWords, outputTypes, type Types } from './reference-types.ts';

const textTypes: Types = new Set(['string']);

/** What is wrong with a step's references, and the steps it refers to. */
export function checkReferences(
  step: PlanStep,
  steps: ReadonlyMap<string, PlanStep>,
): { problems: string[]; referenced: string[] } {
  const referenced = new Set<string>();
  const problems = brokenBraces(step.input as Json, step.id);
  for (const { path, text, whole, reference } of referencesIn(step.input as Json)) {
    const place = `step ${step.id}: input.${path}`;
    if (reference === undefined) {
      problems.push(`${place}: ${text} is not a reference; write {{steps.ID.output.PATH}}.`);
      continue;
    }
    const found = typesOf(reference, steps, step.id);
    if (typeof found === 'string') {
      problems.push(`${place} ${found}`);
      continue;
    }
    if (reference.kind === 'step') referenced.add(reference.stepId);
    const wanted = whole ? inputTypes(step.tool, path) : textTypes;
    // A place the tool does not have is reported by the check of the input.
    if (wanted === undefined) continue;
    const fits = whole ? compatible(found, wanted) : !found.has('object') && !found.has('array');
    if (!fits) {
      const why = `${text} is ${inWords(found)}, but ${inWords(wanted)} is needed there`;
      problems.push(`${place}: ${why}.`);
    }
  }
  return { problems, referenced: [...referenced] };
}

/** The types a reference yields, or what is wrong with it. */
function typesOf(
  reference: Reference,
  steps: ReadonlyMap<string, PlanStep>,
  from: string,
): Types | string {
  if (reference.kind === 'goal') return textTypes;
  const { stepId, path } = reference;
  if (stepId === from) return 'refers to the step itself.';
  const target = steps.get(stepId);
  if (target === undefined) return `refers to steps.${stepId}, which does not exist.`;
  const types = outputTypes(target.tool, path);
  if (types !== undefined) return types;
  const shown = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return `refers to output${shown} of step ${stepId}, but ${target.tool} gives no such value.`;
}

/** Braces that open and never become a reference would be sent to people as they are. */
function brokenBraces(value: Json, id: string): string[] {
  if (typeof value === 'string') {
    const rest = value.replaceAll(/\{\{\s*([^{}]+?)\s*\}\}/g, '');
    return rest.includes('{{') || rest.includes('}}')
      ? [`step ${id}: "${value.slice(0, 80)}" has braces that are no reference.`]
      : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value as Record<string, Json>).flatMap((item) => brokenBraces(item, id));
}
