/**
 * References between steps: `{{steps.<id>.output.<path>}}` and `{{goal.<field>}}`. A leaf of a
 * step's input may be one, or text with several inside. Resolved by code, never by the model.
 */
import { type Json, isJsonObject, parsePath, readPath } from './json.ts';
import { type Origin, type Taint, type Trust, combineOrigins, combineTrust } from './trust.ts';

export type Reference =
  | { readonly kind: 'step'; readonly stepId: string; readonly path: readonly (string | number)[] }
  | { readonly kind: 'goal'; readonly field: GoalField };

/** Fields of the goal a reference may name. */
export const goalFields = ['text', 'owner', 'zone'] as const;
export type GoalField = (typeof goalFields)[number];

/** What a finished step leaves for others. */
export type StepOutput = {
  readonly value: Json;
  readonly trust: Trust;
  readonly origins: readonly Origin[];
};

const pattern = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** Parses the inside of one `{{…}}`; undefined when it is neither form. */
export function parseReference(inside: string): Reference | undefined {
  const step = /^steps\.([a-z][a-z0-9_]{0,31})\.output(?:\.(.+)|(\[.+))?$/.exec(inside);
  if (step !== null) {
    const path = parsePath(step[2] ?? '');
    if (path === undefined || step[3] !== undefined) return undefined;
    return { kind: 'step', stepId: step[1] ?? '', path };
  }
  const field = goalFields.find((name) => inside === `goal.${name}`);
  return field === undefined ? undefined : { kind: 'goal', field };
}

/** True when the whole text is exactly one reference, so that any type may stand in its place. */
export function isWholeReference(text: string): boolean {
  return /^\{\{[^{}]+\}\}$/.test(text);
}

/** Every `{{…}}` in a value with the path of the leaf it stands in. `reference` is undefined when malformed. */
export function referencesIn(
  value: Json,
  path = '',
): { path: string; text: string; whole: boolean; reference: Reference | undefined }[] {
  if (typeof value === 'string') {
    return [...value.matchAll(pattern)].map((match) => ({
      path,
      text: match[0],
      whole: isWholeReference(value),
      reference: parseReference(match[1] ?? ''),
    }));
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, i) => referencesIn(item, `${path}[${i}]`));
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    referencesIn(item, path === '' ? key : `${path}.${key}`),
  );
}

/** What references resolve against. */
export type ReferenceScope = {
  readonly goal: Readonly<Record<GoalField, string>>;
  readonly outputs: ReadonlyMap<string, StepOutput>;
};

export type Resolved = {
  readonly value: Json;
  readonly trust: Trust;
  readonly origins: readonly Origin[];
  readonly taints: readonly Taint[];
};

/**
 * Replaces every reference in a step's input.
 * @returns the input with its trust, or the text of the first reference that leads nowhere.
 */
export function resolveReferences(
  input: Json,
  scope: ReferenceScope,
): { ok: true; resolved: Resolved } | { ok: false; missing: string } {
  const labels: Trust[] = [];
  const origins: (readonly Origin[])[] = [];
  const taints: Taint[] = [];
  let missing: string | undefined;

  const lookUp = (inside: string, path: string): Json => {
    const reference = parseReference(inside);
    if (reference?.kind === 'goal') return scope.goal[reference.field];
    const output = reference === undefined ? undefined : scope.outputs.get(reference.stepId);
    const found = output && reference && readPath(output.value, reference.path);
    if (output === undefined || found === undefined) {
      missing ??= `{{${inside}}}`;
      return null;
    }
    labels.push(output.trust);
    origins.push(output.origins);
    if (output.trust === 'untrusted') taints.push({ path, origins: output.origins });
    return found;
  };
  const walk = (value: Json, path: string): Json => {
    if (typeof value === 'string') {
      if (isWholeReference(value)) return lookUp(value.slice(2, -2).trim(), path);
      return value.replaceAll(pattern, (_, inside: string) => asText(lookUp(inside, path)));
    }
    if (Array.isArray(value)) {
      return (value as readonly Json[]).map((item, i) => walk(item, `${path}[${i}]`));
    }
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([k, v]) => [k, walk(v, path === '' ? k : `${path}.${k}`)]),
    );
  };

  const value = walk(input, '');
  if (missing !== undefined) return { ok: false, missing };
  return {
    ok: true,
    resolved: { value, trust: combineTrust(labels), origins: combineOrigins(origins), taints },
  };
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
