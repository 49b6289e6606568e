/** A read step: it changes nothing, and waits for a person only where the gate asks for that. */
import { executeChild, ParentClosePolicy } from '@temporalio/workflow';
import { modelReadTools, type ReadResult } from '#contracts/activities.ts';
import { gate, noFacts } from '#contracts/gate.ts';
import { noUsage } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import {
  approvalIdOf,
  researchWorkflowId,
  type StepId,
  triageWorkflowId,
  workflowTypes,
} from '#contracts/names.ts';
import type { Resolved } from '#contracts/references.ts';
import { type ReadToolName, type Tier, tools } from '#contracts/tools.ts';
import type { ChildProgress, ResearchWorkflow, TriageWorkflow } from '#contracts/workflows.ts';
import { connectorActivities, modelActivities, withSummary } from '../proxies.ts';
import { askForApproval, awaitDecision, type Decided } from './approval.ts';
import { withModelBudget } from './budget.ts';
import type { Goal, Step } from './goal.ts';
import { failStep, progressOf, rejectStep } from './outcome.ts';
import { firstPhase, prepareStep } from './prepare.ts';
import { untilAvailable, waiterOf } from './provider.ts';
import { waitWhileHeld } from './waiting.ts';

/** Runs a read step to its end. @throws CancelledFailure, Parked, and failures of reading */
export async function runRead(
  goal: Goal,
  step: Step,
  tool: ReadToolName,
  resolved: Resolved,
): Promise<void> {
  const { requiresConfirmation, id } = step.plan;
  const { policy } = goal.input;
  const { taints } = resolved;
  const isNew = step.phase === null;
  if (isNew) step.revision += 1;
  const verdict = gate({ tool, facts: noFacts, taints, requiresConfirmation, policy });
  if (verdict.verdict === 'refuse') {
    goal.journal.append('step_refused', { reasons: [...verdict.reasons] }, id);
    failStep(goal, step, { type: 'PermissionDeniedError', message: verdict.reasons.join(' ') });
    return;
  }
  step.tier = verdict.tier;
  if (verdict.verdict === 'approve') {
    const { approval } = await decide(goal, step, tool, resolved, verdict);
    if (approval.state === 'superseded') return;
    if (approval.state !== 'approved') {
      const comment = approval.decision?.comment ?? null;
      rejectStep(goal, step, comment, approval.state === 'expired');
      return;
    }
    step.status = 'running';
    await waitWhileHeld(goal);
  }
  const result = await untilAvailable(goal, waiterOf(step), () => read(goal, step, tool, resolved));
  if (result.usage !== undefined) goal.addUsage(result.usage);
  if (JSON.stringify(result.value).length > limits.stepOutputMaxChars) {
    failStep(goal, step, {
      type: 'InvalidInputError',
      message:
        'The result is too large to pass on. Ask for less: a shorter window or fewer messages.',
    });
    return;
  }
  step.output = { value: result.value, trust: result.trust, origins: result.origins };
  step.status = 'completed';
  goal.journal.append('step_completed', { trust: result.trust }, id);
}

async function decide(
  goal: Goal,
  step: Step,
  tool: ReadToolName,
  resolved: Resolved,
  verdict: { tier: Tier; reasons: readonly string[] },
): Promise<Decided> {
  if (step.phase?.approvalId != null) return awaitDecision(goal, step.phase.approvalId);
  const phase = firstPhase(resolved);
  const summary = `Prepare ${tool} for approval`;
  const prepared = await prepareStep(goal, step, tool, phase, summary);
  const { revision, plan } = step;
  const approvalId = approvalIdOf(goal.input.goalId, plan.id, revision);
  step.status = 'awaiting_approval';
  step.phase = { ...phase, taints: [], origins: [], approvalId };
  return askForApproval(goal, {
    kind: 'action',
    stepId: plan.id,
    revision,
    tier: verdict.tier,
    tool,
    reasons: verdict.reasons,
    card: prepared.card,
    input: phase.input,
    context: phase.origins,
    digest: prepared.digest,
  });
}

async function read(
  goal: Goal,
  step: Step,
  tool: ReadToolName,
  { value, trust, origins }: Resolved,
): Promise<ReadResult> {
  const context = goal.contextOf(step.plan.id);
  const input = value as JsonObject;
  if (tool === 'research') {
    return withChild(goal, (progress) => research(goal, step, input, progress));
  }
  if (tool === 'triageInbox') return withChild(goal, () => triage(goal, step, input));
  const request = { context, input, trust, origins };
  const isModel = (modelReadTools as readonly string[]).includes(tool);
  const kind = isModel ? 'model' : 'connectors';
  const summary = withSummary(kind, `${step.plan.id}: ${tools[tool].summary}`.slice(0, 190));
  if (!isModel) return connectorActivities()[tool].executeWithOptions(summary, [request]);
  return withModelBudget(goal, () =>
    modelActivities()[tool].executeWithOptions(summary, [request]),
  );
}

/** Runs a child inside the budgets. One that was stopped by them goes on from what it had come to. */
function withChild(
  goal: Goal,
  child: (progress: ChildProgress | null) => Promise<ReadResult>,
): Promise<ReadResult> {
  let progress: ChildProgress | null = null;
  return withModelBudget(goal, async () => {
    try {
      return await child(progress);
    } catch (error) {
      progress = progressOf(error) ?? progress;
      addUsageOf(goal, progressOf(error)?.usage ?? noUsage);
      throw error;
    }
  });
}

async function research(
  goal: Goal,
  step: Step,
  input: JsonObject,
  progress: ChildProgress | null,
): Promise<ReadResult> {
  const { goalId, owner, zone } = goal.input;
  const question = typeof input['question'] === 'string' ? input['question'] : '';
  const maxPages =
    typeof input['maxPages'] === 'number' ? input['maxPages'] : limits.researchPagesMax;
  const found = progress?.found === undefined ? {} : { found: progress.found };
  const result = await executeChild<ResearchWorkflow>(workflowTypes.research, {
    workflowId: researchWorkflowId(goalId, step.plan.id as StepId, step.revision),
    args: [{ goalId, owner, zone, question, maxPages, ...found }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `Research for step ${step.plan.id}`,
  });
  addUsageOf(goal, result.usage);
  return {
    value: result.output as unknown as JsonObject,
    trust: 'untrusted',
    origins: result.origins,
  };
}

async function triage(goal: Goal, step: Step, input: JsonObject): Promise<ReadResult> {
  const { goalId, owner, zone, mode, policy, timers } = goal.input;
  const { id } = step.plan;
  const result = await executeChild<TriageWorkflow>(workflowTypes.triage, {
    workflowId: triageWorkflowId(goalId, id as StepId, step.revision),
    args: [
      {
        goalId,
        owner,
        zone,
        stepId: id,
        account: typeof input['account'] === 'string' ? input['account'] : null,
        limit: typeof input['limit'] === 'number' ? input['limit'] : limits.triageMailsMax,
        drafts: input['drafts'] !== false,
        mode,
        goalText: goal.input.goal,
        policy,
        reconcileForMs: timers.reconcileForMs,
      },
    ],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `Triage for step ${id}`,
  });
  const { output, origins, usage } = result;
  addUsageOf(goal, usage);
  for (const gap of output.gaps) goal.journal.append('mail_gap', { ...gap }, id);
  for (const mail of output.mails) {
    if (mail.class !== 'urgent') continue;
    const { messageId, from, subject, summary } = mail;
    goal.journal.append('mail_urgent', { messageId, from, subject, summary }, id);
  }
  return { value: output as unknown as JsonObject, trust: 'untrusted', origins };
}

function addUsageOf(goal: Goal, calls: Awaited<ReturnType<ResearchWorkflow>>['usage']): void {
  goal.usage.modelCalls += calls.modelCalls;
  goal.usage.inputTokens += calls.inputTokens;
  goal.usage.outputTokens += calls.outputTokens;
  goal.usage.costMicroUsd += calls.costMicroUsd ?? 0;
  goal.addShownBytes(calls.shownBytes);
}
