/**
 * The shapes of the answers, for the OpenAPI document. Handlers are checked against them at compile
 * time and real answers by the tests; nothing is parsed with them while serving.
 */
import { z } from 'zod';
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import type { GoalView } from '#contracts/goal.ts';
import { journalTypes } from '#contracts/journal.ts';
import { toolNames } from '#contracts/tools.ts';
import { instantSchema } from './route-schemas.ts';

const json = z.unknown();
const jsonObject = z.record(z.string(), z.unknown());
const tier = z.int().min(0).max(4);
const failure = z.object({ type: z.string(), message: z.string() });
const tool = z.enum(toolNames);

/** The states a goal can be in. */
export const goalStateSchema = z.enum([
  'planning',
  'awaiting_answer',
  'awaiting_plan_approval',
  'running',
  'awaiting_approval',
  'waiting_on_provider',
  'paused',
  'compensating',
  'completed',
  'completed_with_issues',
  'failed',
  'cancelled',
] satisfies GoalView['state'][]);

/** The states an approval can be in. */
export const approvalStateSchema = z.enum([
  'pending',
  'approved',
  'edited',
  'rejected',
  'expired',
  'answered',
  'cancelled',
  'superseded',
  'stopped',
] satisfies Approval['state'][]);

const originSchema = z.object({
  kind: z.enum(['goal', 'directory', 'calendar', 'mail', 'page', 'model']),
  label: z.string(),
  ref: z.string().optional(),
});

const standingDecisionSchema = z
  .object({
    decisionId: z.string(),
    verdict: z.enum([
      'approve',
      'edit',
      'reject',
      'delegate',
      'expire',
      'answer',
      'cancel',
      'supersede',
      'stop',
    ]),
    actor: z.string(),
    decidedAt: instantSchema,
    comment: z.string().nullable(),
    to: z.string().optional().describe('The member it was handed on to'),
  })
  .meta({ id: 'StandingDecision' });

const approvalShape = {
  approvalId: z.string(),
  goalId: z.string(),
  stepId: z.string(),
  revision: z.int(),
  kind: z.enum(['action', 'plan', 'question', 'intervention', 'budget']),
  tier,
  tool: tool.nullable(),
  reasons: z.array(z.string()),
  card: z.object({
    title: z.string(),
    lines: z.array(
      z.object({
        label: z.string(),
        value: z.string(),
        origin: z.string().optional(),
        collapsed: z.boolean().optional().describe('Long; shown on demand'),
      }),
    ),
    warnings: z.array(z.string()),
    undo: z.string().nullable(),
  }),
  input: jsonObject,
  context: z.array(originSchema),
  digest: z.string().describe('Send it back with the decision'),
  contentAsOf: instantSchema
    .nullable()
    .describe('When the oldest of what the content rests on was read'),
  requestedAt: instantSchema,
  expiresAt: instantSchema,
  assignedRole: z.string().describe('`owner`, or the role it was escalated to'),
  assignedTo: z.string().nullable().describe('The member it was delegated to'),
  requiredDecisions: z.int().describe('How many different people must approve'),
  approvedBy: z.array(standingDecisionSchema),
  remindedAt: instantSchema.nullable(),
  supersedes: z.string().nullable().describe('The approval whose content changed meanwhile'),
  difference: z.array(z.object({ path: z.string(), before: json, after: json })),
  leavesAt: instantSchema.nullable().describe('Until then an approved mail can be stopped'),
  state: approvalStateSchema,
  decision: standingDecisionSchema.nullable(),
};
const bareApprovalSchema = z.object(approvalShape).meta({ id: 'Approval' });
export const approvalSchema = z
  .object({
    ...approvalShape,
    goal: z.string(),
    mode: z.enum(['live', 'shadow']).describe('An approval of a shadow goal sends nothing'),
  })
  .meta({ id: 'ApprovalItem' });

const receiptSchema = z.object({
  effectKey: z.string(),
  tool,
  outcome: z.enum(['confirmed', 'unknown', 'not_done', 'shadow']),
  receipt: jsonObject.nullable(),
  digest: z.string(),
  at: instantSchema,
  reconciled: z.boolean(),
  audit: z.object({ seq: z.int(), hash: z.string() }).nullish(),
});

const stepSchema = z
  .object({
    id: z.string(),
    tool,
    input: jsonObject,
    rationale: z.string(),
    critical: z.boolean(),
    requiresConfirmation: z.boolean(),
    dependsOn: z.array(z.string()),
    checkpoint: z.boolean(),
    status: z.enum([
      'pending',
      'running',
      'awaiting_approval',
      'delayed',
      'waiting_on_provider',
      'completed',
      'failed',
      'rejected',
      'skipped',
      'unknown',
    ]),
    revision: z.int(),
    tier: tier.nullable(),
    output: z
      .object({
        value: json,
        trust: z.enum(['trusted', 'untrusted']),
        origins: z.array(originSchema),
      })
      .nullable(),
    effect: receiptSchema.nullable(),
    undone: z.boolean(),
    failure: failure.nullable(),
  })
  .meta({ id: 'Step' });

export const goalLinksSchema = z
  .object({ self: z.string(), journal: z.string(), audit: z.string(), approvals: z.string() })
  .meta({ id: 'GoalLinks' });

export const goalAcceptedSchema = z
  .object({ id: z.string(), state: goalStateSchema, links: goalLinksSchema })
  .meta({ id: 'GoalAccepted' });

export const goalViewSchema = z
  .object({
    id: z.string(),
    owner: z.string(),
    goal: z.string(),
    mode: z.enum(['live', 'shadow']),
    state: goalStateSchema,
    createdAt: instantSchema,
    updatedAt: instantSchema,
    zone: z.string(),
    plan: z
      .object({ revision: z.int(), reasoning: z.string(), estimatedComplexity: z.string() })
      .nullable(),
    steps: z.array(stepSchema),
    questions: z.array(
      z.object({
        id: z.string(),
        question: z.string(),
        choices: z.array(z.string()),
        answer: z.string().nullable(),
      }),
    ),
    pendingApprovals: z.array(bareApprovalSchema),
    usage: z.object({
      modelCalls: z.int(),
      inputTokens: z.int(),
      outputTokens: z.int(),
      costMicroUsd: z.int().describe('By the configured prices'),
      steps: z.int(),
      effects: z.int(),
      shownBytes: z
        .int()
        .optional()
        .describe('Bytes of text written by others that the model was shown'),
    }),
    waitingOn: z
      .array(
        z.object({ provider: z.string(), since: instantSchema, retryAt: instantSchema.nullable() }),
      )
      .describe('Providers that are away or must be reconnected'),
    aftercareOf: z.string().nullable().describe('The goal this one undoes or clears up after'),
    failure: failure.nullable(),
    retrying: z
      .array(
        z.object({
          activity: z.string(),
          attempt: z.int(),
          message: z.string(),
          nextAttemptAt: instantSchema.nullable(),
        }),
      )
      .describe('Work that failed for now and is tried again'),
    report: z
      .object({
        headline: z.string(),
        done: z.array(z.string()),
        findings: z.array(z.object({ stepId: z.string(), text: z.string() })),
        notDone: z.array(z.string()),
        undone: z.array(z.string()),
      })
      .nullable(),
    links: goalLinksSchema,
  })
  .meta({ id: 'Goal' });

const nextCursor = z.string().nullable().describe('Send it as `cursor` to read on');

export const goalListSchema = z.object({
  goals: z.array(
    z.object({
      id: z.string(),
      goal: z.string(),
      state: goalStateSchema,
      mode: z.enum(['live', 'shadow']),
      createdAt: instantSchema,
      updatedAt: instantSchema,
      pendingApprovals: z.int(),
      headline: z.string().nullable(),
      links: goalLinksSchema,
    }),
  ),
  nextCursor,
});

export const approvalListSchema = z.object({ approvals: z.array(approvalSchema), nextCursor });

export const decisionAnswerSchema = z
  .object({
    decisionId: z.string(),
    outcome: z.enum(['applied', 'pending'] satisfies (DecisionOutcome['outcome'] | 'pending')[]),
    message: z.string(),
    decision: standingDecisionSchema.nullable(),
    approval: approvalSchema,
    links: z.object({ approval: z.string(), goal: z.string() }),
  })
  .meta({ id: 'DecisionAnswer' });

export const answerTakenSchema = z.object({
  outcome: z.enum(['applied', 'pending']),
  message: z.string(),
  links: goalLinksSchema,
});

export const journalSchema = z.object({
  events: z.array(
    z.object({
      number: z.int(),
      at: instantSchema,
      type: z.enum(journalTypes),
      stepId: z.string().nullable(),
      data: jsonObject,
    }),
  ),
  nextAfter: z.int().nullable().describe('Send it as `after` to read on'),
});
