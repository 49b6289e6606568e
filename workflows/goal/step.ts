/** One step, from resolving its references to what it leaves behind. Never throws. */
import { executeChild, isCancellation, ParentClosePolicy } from '@temporalio/workflow';
import type { ReadResult } from '#contracts/activities.ts';
import { modelReadTools } from '#contracts/activities.ts';
import { gate, noFacts } from '#contracts/gate.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { researchWorkflowId, type StepId, workflowTypes } from '#contracts/names.ts';
import { type Resolved, resolveReferences } from '#contracts/references.ts';
import { isEffectTool, type ReadToolName, tools } from '#contracts/tools.ts';
import type { ResearchWorkflow } from '#contracts/workflows.ts';
import { connectorActivities, modelActivities, withSummary } from '../proxies.ts';
import { askForApproval } from './approval.ts';
import { runEffect } from './effect.ts';
import type { Goal, Step } from './goal.ts';
import { failStep, failureOf, rejectStep } from './outcome.ts';

/** Runs a step to its end: completed, failed, rejected, skipped or unknown. */
export async function runStep(goal: Goal, step: Step): Promise<void> {
  const { id, tool } = step.plan;
  step.status = 'running';
  goal.journal.append('step_started', { tool }, id);
  try {
    const { owner, zone, goal: text } = goal.input;
    const resolution = resolveReferences(step.plan.input as JsonObject, {
      goal: { text, owner, zone },
      outputs: goal.outputs(),
    });
    if (!resolution.ok) {
      failStep(goal, step, {
        type: 'ReferenceError',
        message: `${resolution.missing} leads nowhere: the earlier step did not give that value.`,
      });
      return;
    }
    const resolved = withPlanTaints(step, resolution.resolved);
    if (isEffectTool(tool)) await runEffect(goal, step, tool, resolved);
    else await runRead(goal, step, tool, resolved);
  } catch (error) {
    if (isCancellation(error)) {
      step.status = 'skipped';
      goal.journal.append('step_skipped', { because: 'the goal stopped' }, id);
    } else {
      failStep(goal, step, failureOf(error));
    }
  }
}

/** A planner that had read untrusted text could have copied any literal from it. */
function withPlanTaints(step: Step, resolved: Resolved): Resolved {
  if (step.planTaints.length === 0) return resolved;
  const paths = Object.keys(step.plan.input);
  const origins = step.planTaints.flatMap((taint) => taint.origins);
  return {
    value: resolved.value,
    trust: 'untrusted',
    origins: [...resolved.origins, ...origins],
    taints: [...resolved.taints, ...paths.map((path) => ({ path, origins }))],
  };
}

async function runRead(
  goal: Goal,
  step: Step,
  tool: ReadToolName,
  resolved: Resolved,
): Promise<void> {
  const { requiresConfirmation } = step.plan;
  const { policy } = goal.input;
  const input = resolved.value as JsonObject;
  const verdict = gate({
    tool,
    facts: noFacts,
    taints: resolved.taints,
    requiresConfirmation,
    policy,
  });
  step.revision += 1;
  if (verdict.verdict === 'refuse') {
    goal.journal.append('step_refused', { reasons: [...verdict.reasons] }, step.plan.id);
    failStep(goal, step, { type: 'PermissionDeniedError', message: verdict.reasons.join(' ') });
    return;
  }
  step.tier = verdict.tier;
  if (verdict.verdict === 'approve' && !(await readApproved(goal, step, tool, resolved, verdict))) {
    return;
  }
  const result = await read(goal, step, tool, input, resolved);
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
  goal.journal.append('step_completed', { trust: result.trust }, step.plan.id);
}

async function readApproved(
  goal: Goal,
  step: Step,
  tool: ReadToolName,
  resolved: Resolved,
  verdict: { tier: Step['tier'] & number; reasons: readonly string[] },
): Promise<boolean> {
  const input = resolved.value as JsonObject;
  const prepared = await connectorActivities().prepareEffect.executeWithOptions(
    withSummary('connectors', `Prepare ${tool} for approval`),
    [
      {
        context: goal.contextOf(step.plan.id),
        tool,
        revision: step.revision,
        input,
        taints: resolved.taints,
        origins: resolved.origins,
        goalText: goal.input.goal,
        policyVersion: goal.input.policy.version,
      },
    ],
  );
  step.status = 'awaiting_approval';
  const { approval } = await askForApproval(goal, {
    kind: 'action',
    stepId: step.plan.id,
    revision: step.revision,
    tier: verdict.tier,
    tool,
    reasons: verdict.reasons,
    card: prepared.card,
    input,
    context: resolved.origins,
    digest: prepared.digest,
  });
  if (approval.state === 'approved') {
    step.status = 'running';
    return true;
  }
  rejectStep(goal, step, approval.decision?.comment ?? null, approval.state === 'expired');
  return false;
}

async function read(
  goal: Goal,
  step: Step,
  tool: ReadToolName,
  input: JsonObject,
  { trust, origins }: Resolved,
): Promise<ReadResult> {
  const context = goal.contextOf(step.plan.id);
  if (tool === 'research') return research(goal, step, input);
  const request = { context, input, trust, origins };
  const kind = (modelReadTools as readonly string[]).includes(tool) ? 'model' : 'connectors';
  const activities = kind === 'model' ? modelActivities() : connectorActivities();
  return activities[tool].executeWithOptions(
    withSummary(kind, `${step.plan.id}: ${tools[tool].summary}`.slice(0, 190)),
    [request],
  );
}

async function research(goal: Goal, step: Step, input: JsonObject): Promise<ReadResult> {
  const { goalId, owner } = goal.input;
  const question = typeof input['question'] === 'string' ? input['question'] : '';
  const maxPages =
    typeof input['maxPages'] === 'number' ? input['maxPages'] : limits.researchPagesMax;
  const result = await executeChild<ResearchWorkflow>(workflowTypes.research, {
    workflowId: researchWorkflowId(goalId, step.plan.id as StepId, step.revision),
    args: [{ goalId, owner, question, maxPages }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `Research for step ${step.plan.id}`,
  });
  goal.usage.modelCalls += result.usage.modelCalls;
  goal.usage.inputTokens += result.usage.inputTokens;
  goal.usage.outputTokens += result.usage.outputTokens;
  return {
    value: result.output as unknown as JsonObject,
    trust: 'untrusted',
    origins: result.origins,
  };
}
