/** Parses the input of a tool where it enters an activity, and keeps outputs within their bound. */
import type { Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { type ToolInput, toolSchemas } from '#contracts/schemas/tools.ts';
import type { ToolName } from '#contracts/tools.ts';
import { failure } from './failures.ts';

/** Parses an input by its tool's schema. @throws InvalidInputError, in words a planner can act on */
export function parseToolInput<Name extends ToolName>(tool: Name, input: unknown): ToolInput<Name> {
  const parsed = toolSchemas[tool].input.safeParse(input);
  if (parsed.success) return parsed.data as ToolInput<Name>;
  const issues = parsed.error.issues.map((i) => `${i.path.join('.') || 'input'}: ${i.message}`);
  throw failure('InvalidInputError', `The input of ${tool} is not valid. ${issues.join('; ')}.`);
}

/** Room for the fields around a list. */
const reservedChars = 1_000;

/** As many items from the front as a list that others read whole may hold. */
export function fitOutput<Item extends Json>(
  items: readonly Item[],
): { kept: Item[]; cut: boolean } {
  const kept: Item[] = [];
  let left = limits.listOutputMaxChars - reservedChars;
  for (const item of items) {
    left -= JSON.stringify(item).length + 1;
    if (left < 0) return { kept, cut: true };
    kept.push(item);
  }
  return { kept, cut: false };
}
