/** Checks a step's input: the tool's own schema apart from references, and what is invented. Pure. */
import { type Json, isJsonObject } from '#contracts/json.ts';
import { isWholeReference } from '#contracts/references.ts';
import { addressSchema } from '#contracts/schemas/common.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import type { CheckContext } from './check.ts';

/** Input fields that hold addresses of people. */
const addressFields = [
  'to',
  'cc',
  'bcc',
  'people',
  'optionalPeople',
  'withPeople',
  'guests',
  'optionalGuests',
  'addGuests',
  'addOptionalGuests',
];

const addresses = /[^\s@<>,;:"'()[\]\\]+@[^\s@<>,;:"'()[\]\\]*[^\s@<>,;:"'()[\]\\.!?]/g;

/** What is wrong with one step's input. */
export function checkInput(
  step: PlanStep,
  context: Pick<CheckContext, 'goalText' | 'people' | 'accounts'>,
): string[] {
  const parsed = toolSchemas[step.tool].input.safeParse(step.input);
  const issues = (parsed.success ? [] : parsed.error.issues)
    .filter(({ path }) => !holdsReference(step.input as Json, path))
    .map(({ path, message }) => `step ${step.id}: input.${show(path)}: ${message}`);
  return [...issues, ...inventedAddresses(step, context), ...inventedAccount(step, context)];
}

/** Whether the place, or one above it, is a reference: its value comes later. */
function holdsReference(input: Json, path: readonly PropertyKey[]): boolean {
  let current: Json | undefined = input;
  for (const part of path) {
    if (typeof part === 'number') {
      current = Array.isArray(current) ? (current as readonly Json[])[part] : undefined;
    } else {
      const key = String(part);
      current = isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
    }
    if (typeof current === 'string' && isWholeReference(current)) return true;
  }
  return false;
}

function show(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '(whole)' : path.map(String).join('.');
}

/** Whoever's account it names, it must be one of the person's. */
function inventedAccount(step: PlanStep, { accounts }: Pick<CheckContext, 'accounts'>): string[] {
  const value = Object.hasOwn(step.input, 'account') ? step.input['account'] : undefined;
  if (accounts === undefined || typeof value !== 'string' || isWholeReference(value)) return [];
  const name = value.trim().toLowerCase();
  if (accounts.some(({ email, label }) => name === email || name === label?.toLowerCase())) {
    return [];
  }
  return [
    `step ${step.id}: input.account: ${value} is none of the person's accounts; name one of ` +
      '`accounts`, or leave it null.',
  ];
}

function inventedAddresses(
  step: PlanStep,
  { goalText, people }: { goalText: string; people: readonly { email: string }[] },
): string[] {
  const told = new Set(goalText.toLowerCase().match(addresses));
  const known = new Set(people.map(({ email }) => email.toLowerCase()));
  return addressFields.flatMap((field) => {
    const value = Object.hasOwn(step.input, field) ? step.input[field] : undefined;
    if (!Array.isArray(value)) return [];
    return (value as readonly Json[]).flatMap((item, index) => {
      const parsed = addressSchema.safeParse(item);
      if (!parsed.success || known.has(parsed.data) || told.has(parsed.data)) return [];
      const place = `step ${step.id}: input.${field}[${index}]`;
      return [
        `${place}: ${parsed.data} is neither in the directory nor in what the person said; ` +
          'use findContact, or ask.',
      ];
    });
  });
}
