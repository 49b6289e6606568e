/**
 * The first of an effect's three moves: resolving a step to one canonical payload, its card and the
 * facts the gate looks at. Reads only.
 */
import type { Pool } from 'pg';
import type { PreparedEffect, PrepareRequest } from '#contracts/activities.ts';
import type { Card, CardLine } from '#contracts/approval.ts';
import type { JsonObject } from '#contracts/json.ts';
import { isEffectTool, type ToolName, tools } from '#contracts/tools.ts';
import { failure } from '../failures.ts';
import type { Directory } from '../people.ts';
import { parseToolInput } from '../tool-input.ts';
import type { EffectHandler, PreparedPayload } from './handler.ts';
import { storePayload } from './payloads.ts';

export type PrepareDeps = {
  readonly pool: Pool;
  readonly directory: Directory;
  readonly handlers: ReadonlyMap<string, EffectHandler>;
};

/**
 * Effect: none outside; stores the payload under its digest. Idempotency: same content, same digest.
 * Heartbeats: no (reads, 10 s limit each). @throws InvalidInputError and the failures of its reads.
 */
export async function prepareEffect(
  deps: PrepareDeps,
  request: PrepareRequest,
): Promise<PreparedEffect> {
  const { tool, context } = request;
  const input = normalizeInput(tool, request.input);
  const handler = deps.handlers.get(tool);
  if (isEffectTool(tool) && handler === undefined) {
    throw failure('InvalidInputError', `${tool} is not available here.`);
  }
  const prepared =
    handler === undefined ? prepareRead(tool, input) : await handler.prepare(context, input);
  const card: Card = {
    title: prepared.card.title,
    lines: prepared.card.lines.map((line) => withOrigin(line, request)),
    warnings: prepared.card.warnings,
    undo: tools[tool].undo,
  };
  const digest = await storePayload(
    deps.pool,
    { goalId: context.goalId, stepId: context.stepId },
    {
      content: { tool, input, payload: prepared.payload, policyVersion: request.policyVersion },
      card,
      context: request.origins,
    },
  );
  const facts = await factsOf(deps, request, prepared.recipients);
  return { digest, card, facts, summary: prepared.summary };
}

/**
 * A tool's input as it is kept and digested: parsed by the tool's schema, without nulls.
 * @throws InvalidInputError
 */
export function normalizeInput(tool: ToolName, input: JsonObject): JsonObject {
  const entries = Object.entries(parseToolInput(tool, input) as JsonObject);
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

async function factsOf(
  deps: PrepareDeps,
  { context, goalText }: PrepareRequest,
  recipients: readonly string[],
): Promise<PreparedEffect['facts']> {
  const known = await deps.directory.find(context.owner, recipients);
  const words = goalText.toLowerCase();
  const domain = context.owner.split('@')[1] ?? '';
  return {
    recipients,
    external: recipients.filter((email) => !email.endsWith(`@${domain}`)),
    unverified: recipients.filter((email) => !known.has(email) && !words.includes(email)),
  };
}

/** Says on a line which of its values came from text that somebody else wrote. */
function withOrigin(line: CardLine, { taints }: PrepareRequest): CardLine {
  if (line.origin !== undefined) return line;
  const field = line.label.toLowerCase();
  const taint = taints.find(({ path }) => path.replace(/[.[].*$/, '').toLowerCase() === field);
  if (taint === undefined) return line;
  return { ...line, origin: taint.origins.map(({ label }) => label).join(', ') };
}

function prepareRead(tool: PrepareRequest['tool'], input: JsonObject): PreparedPayload<JsonObject> {
  const lines = Object.entries(input).map(([label, value]) => ({
    label,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));
  return {
    payload: { kind: tool, ...input },
    recipients: [],
    card: { title: tools[tool].summary, lines, warnings: [] },
    summary: `Read with ${tool}`,
  };
}
