/**
 * The first of an effect's three moves: resolving a step to one canonical payload, its card and the
 * facts the gate looks at. Reads only.
 */
import type { Pool } from 'pg';
import type { PreparedEffect, PrepareRequest } from '#contracts/activities.ts';
import type { Card, CardLine, Difference } from '#contracts/approval.ts';
import type { JsonObject } from '#contracts/json.ts';
import { approvalIdOf } from '#contracts/names.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import { isEffectTool, type ToolName, tools } from '#contracts/tools.ts';
import { type Accounts, ownAddressesOf } from '../accounts.ts';
import { liveRuleFor, whyNoRuleCovers } from '../approvals/standing-rules.ts';
import { optionalLine } from '../calendar/card-lines.ts';
import { formatInstant } from '../calendar/time-phrases.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { outsideOf } from '../outside.ts';
import type { Directory } from '../people.ts';
import { parseToolInput } from '../tool-input.ts';
import { differenceOf } from './audit.ts';
import type { EffectHandler, PreparedPayload } from './handler.ts';
import { confirmedEffectOf, type LedgerRow, receiptOf } from './ledger.ts';
import { loadPayload, storePayload } from './payloads.ts';

export type PrepareDeps = {
  readonly pool: Pool;
  readonly directory: Directory;
  readonly accounts: Pick<Accounts, 'list'>;
  readonly handlers: ReadonlyMap<string, EffectHandler>;
};

/**
 * Effect: none outside; stores the payload under its digest. Idempotency: same content, same digest.
 * Heartbeats: no (reads, 10 s limit each). @throws InvalidInputError, ConflictError when the step has
 * done something else already, and the failures of its reads.
 */
export async function prepareEffect(
  deps: PrepareDeps,
  request: PrepareRequest,
): Promise<PreparedEffect> {
  const { tool, context, previousDigest } = request;
  const input = normalizeInput(tool, request.input);
  if (!isEffectTool(tool)) {
    const prepared = await prepareAnew(deps, request, input, prepareRead(tool, input));
    return { ...prepared, taken: await isTaken(deps.pool, request, prepared.digest) };
  }
  const handler = deps.handlers.get(tool);
  if (handler === undefined) {
    throw failure('InvalidInputError', `${tool} is not available here.`);
  }
  const done = await confirmedEffectOf(deps.pool, context.goalId, context.stepId);
  if (done !== undefined) return answerDone(deps, request, done);
  const payload = await withRuleNote(deps, request, await handler.prepare(context, input));
  const prepared = await prepareAnew(deps, request, input, payload);
  const [taken, ruleId, difference] = await Promise.all([
    isTaken(deps.pool, request, prepared.digest),
    liveRuleFor(deps.pool, context.owner, prepared.digest),
    previousDigest === undefined ? [] : changesSince(deps.pool, previousDigest, payload.payload),
  ]);
  return { ...prepared, settled: null, taken, ruleId, difference };
}

/** Says on the card why the person is asked although they have a rule for nearly the same. */
async function withRuleNote(
  { pool }: PrepareDeps,
  { tool, context }: PrepareRequest,
  prepared: PreparedPayload<JsonObject>,
): Promise<PreparedPayload<JsonObject>> {
  const why = await whyNoRuleCovers(pool, context.owner, tool, targetOf(prepared.payload));
  if (why === null) return prepared;
  const { card } = prepared;
  return { ...prepared, card: { ...card, warnings: [...card.warnings, why] } };
}

async function prepareAnew(
  deps: PrepareDeps,
  request: PrepareRequest,
  input: JsonObject,
  prepared: PreparedPayload<JsonObject>,
): Promise<Pick<PreparedEffect, 'digest' | 'card' | 'facts' | 'summary'>> {
  const { tool, context, policyVersion, taints, origins, contentAsOf: asOf } = request;
  const card: Card = {
    title: prepared.card.title,
    lines: [
      ...prepared.card.lines.map((line) => withOrigin(line, request)),
      ...optionalLine(
        'As of',
        asOf === undefined ? null : formatInstant(Date.parse(asOf), context.zone),
      ),
    ],
    warnings: prepared.card.warnings,
    undo: tools[tool].undo,
  };
  const digest = await storePayload(
    deps.pool,
    { goalId: context.goalId, stepId: context.stepId },
    {
      content: { tool, input, payload: prepared.payload, policyVersion },
      card,
      context: origins,
      tainted: taints.length > 0,
    },
  );
  const facts = await factsOf(deps, request, prepared);
  return { digest, card, facts, summary: prepared.summary };
}

/** The step was carried out before the goal was reset: its receipt is the answer. */
async function answerDone(
  deps: PrepareDeps,
  request: PrepareRequest,
  done: LedgerRow,
): Promise<PreparedEffect> {
  if (done.tool !== request.tool) {
    throw failure(
      'ConflictError',
      `Step ${request.context.stepId} has done ${done.tool} already; plan ${request.tool} as another step.`,
    );
  }
  const { card, content } = await loadPayload(deps.pool, done.digest);
  const { payload } = content;
  const { recipients } = targetOf(payload);
  const facts = await factsOf(deps, request, { payload, recipients });
  const settled = receiptOf(done);
  return { digest: done.digest, card, facts, summary: 'Done already', settled, taken: false };
}

/** True when this revision was settled by a decision about other content. */
async function isTaken(
  pool: Pool,
  { context, revision }: PrepareRequest,
  digest: string,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    'select 1 from decisions where approval_id = $1 and settles and digest <> $2',
    [approvalIdOf(context.goalId, context.stepId, revision), digest],
  );
  return rowCount === 1;
}

/** What changed in the payload since content that was approved; nothing when that is not stored. */
async function changesSince(
  pool: Pool,
  previousDigest: string,
  payload: JsonObject,
): Promise<Difference[]> {
  try {
    const { content } = await loadPayload(pool, previousDigest);
    return differenceOf(content.payload, payload).map(({ path, proposed, executed }) => ({
      path,
      before: proposed,
      after: executed,
    }));
  } catch (error) {
    if (failureTypeOf(error) === 'NotApprovedError') return [];
    throw error;
  }
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
  { payload, recipients }: Pick<PreparedPayload<JsonObject>, 'payload' | 'recipients'>,
): Promise<PreparedEffect['facts']> {
  const [known, own] = await Promise.all([
    deps.directory.find(context.owner, recipients),
    ownAddressesOf(deps, context.owner),
  ]);
  const words = goalText.toLowerCase();
  const account = typeof payload['account'] === 'string' ? payload['account'] : context.owner;
  return {
    recipients,
    external: outsideOf(recipients, account, own),
    unverified: recipients.filter(
      (email) => !known.has(email) && !own.has(email) && !words.includes(email),
    ),
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
