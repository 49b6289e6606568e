/** A person who signals a goal as a play says, rightly and wrongly, and remembers what they sent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Approval } from '#contracts/approval.ts';
import { type GoalView, isTerminal, type StepView } from '#contracts/goal.ts';
import type { Json, JsonObject } from '#contracts/json.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { owner } from '../support/effects.ts';
import type { RunningGoal } from '../support/goals.ts';
import type { How, Sent } from './signal-model.ts';
import { type Deed, effectStep, type Move, without } from './signal-plays.ts';

const noDigest = `v1:sha256:${'0'.repeat(64)}`;

export class Person {
  readonly goal: RunningGoal;
  /** Decisions that the server took, each once, in order. */
  readonly sent: Omit<Sent, 'outcome'>[] = [];
  /** Control signals that the server took. */
  readonly controls: string[] = [];
  /** Decision signals that the server took, repeated ones too. */
  decisionSignals = 0;
  hasCancelled = false;
  readonly #reconnect: () => void;
  readonly #seen = new Map<string, Approval>();
  readonly #messages: Json[] = [];
  #count = 0;

  constructor(goal: RunningGoal, reconnect: () => void) {
    this.goal = goal;
    this.#reconnect = reconnect;
  }

  /** Does one thing. */
  async make({ deed, at, waits }: Move): Promise<void> {
    const view = await this.look(waits && !['cancel', 'pause', 'resume'].includes(deed));
    switch (deed) {
      case 'approve':
      case 'edit':
      case 'reject':
      case 'stale_digest':
      case 'malformed':
      case 'not_allowed':
      case 'invalid_edit':
        return this.decide(pick(view.pendingApprovals, at) ?? this.#pickSeen(at), deed);
      case 'reject_with_comment':
        return this.decide(pick(view.pendingApprovals, at), 'reject', { comment: 'Not like that' });
      case 'late':
        return this.decide(this.#pickSeen(at), 'approve');
      case 'repeat':
        return this.#repeat(at);
      case 'pause':
        return this.control('pauseGoal');
      case 'resume':
        return this.control('resumeGoal');
      case 'steer_add':
        return this.control('steerGoal', { instruction: 'add a step' });
      case 'steer_drop':
        return this.control('steerGoal', { instruction: `drop s${at % 4} please` });
      case 'amend_add':
      case 'amend_drop':
      case 'amend_stale':
        return this.#amend(view, deed, at);
      case 'stop':
        return this.control('stopEffect', { approvalId: this.#pickSeen(at)?.approvalId ?? 'none' });
      case 'reconnect':
        this.#reconnect();
        return this.signal('accountReconnected', { provider: 'google' });
      case 'answer':
      case 'answer_badly': {
        const questionId = deed === 'answer' ? 'q' : 'nothing';
        return this.signal('answerQuestion', { answers: [{ questionId, answer: 'Zed' }] });
      }
      case 'nonsense':
        return this.signal(['pauseGoal', 'steerGoal', 'amendPlan', 'stopEffect'][at % 4]!, 'what');
      case 'cancel':
        // Twice as rare as anything else: most plays shall go on.
        if (at % 2 === 1) return;
        this.hasCancelled = true;
        await this.goal.handle.cancel();
    }
  }

  /** Lets the goal come to its end: goes on, answers, and says yes to whatever still waits. */
  async finish(): Promise<void> {
    this.#reconnect();
    const deadline = Date.now() + 90_000;
    const last = new Map<string, number>();
    // What was said may be on its way still: it is said again only after a while.
    const isDue = (what: string) => {
      const isNew = Date.now() - (last.get(what) ?? 0) > 5_000;
      if (isNew) last.set(what, Date.now());
      return isNew;
    };
    for (;;) {
      const view = await this.look(false);
      if (isTerminal(view.state) && (await this.goal.isClosed())) return;
      if (view.state === 'paused' && isDue('resume')) await this.control('resumeGoal');
      if (view.state === 'awaiting_answer' && isDue('answer')) await this.make(answering);
      for (const approval of view.pendingApprovals) {
        if (isDue(approval.approvalId)) await this.decide(approval, 'approve');
      }
      if (Date.now() > deadline) throw new Error(`it does not end: ${JSON.stringify(brief(view))}`);
      await sleep(80);
    }
  }

  /** Signals after the end: the server refuses them. */
  async sendLate(): Promise<void> {
    const before = this.decisionSignals;
    await this.decide(this.#pickSeen(0), 'approve');
    if (this.decisionSignals !== before) throw new Error('an ended goal took a decision');
  }

  /** Looks at the goal; waits a while for something to decide when asked to. */
  async look(waits: boolean): Promise<GoalView> {
    const until = Date.now() + (waits ? 1_500 : 0);
    for (;;) {
      const view = await this.goal.published();
      for (const approval of view.pendingApprovals) this.#seen.set(approval.approvalId, approval);
      if (view.pendingApprovals.length > 0 || isTerminal(view.state) || Date.now() >= until) {
        return view;
      }
      await sleep(40);
    }
  }

  async decide(approval: Approval | undefined, how: How, more: JsonObject = {}): Promise<void> {
    const decisionId = `d${(this.#count += 1)}`;
    const approvalId = approval?.approvalId ?? `${this.goal.input.goalId}.s0.1`;
    const digest = how === 'stale_digest' ? undefined : approval?.digest;
    const verdict = how === 'edit' || how === 'reject' ? how : 'approve';
    const isEditable = approval?.kind === 'action';
    const edit = { verdict: 'edit', input: how === 'edit' ? edited(approval) : {} };
    const message: JsonObject = {
      decisionId,
      approvalId,
      digest: digest ?? noDigest,
      verdict,
      actor: owner,
      ...(how === 'edit' || how === 'invalid_edit' ? edit : {}),
      ...(how === 'malformed' ? { verdict: 'perhaps' } : {}),
      ...more,
    };
    const signed = this.goal.bench.keys.sign(message);
    const forged = { ...signed, actor: 'eve@office.example.com' };
    const sent = how === 'not_allowed' ? forged : signed;
    const meant = how === 'edit' && !isEditable ? 'invalid_edit' : how;
    if (!(await this.#take('decideApproval', sent))) return;
    this.#messages.push(sent);
    this.decisionSignals += 1;
    this.sent.push({ approvalId, decisionId, how: approval === undefined ? 'forged' : meant });
  }

  async control(signal: string, fields: JsonObject = {}): Promise<void> {
    const controlId = `c${(this.#count += 1)}`;
    const isTaken = await this.#take(signal, { controlId, actor: owner, ...fields });
    if (isTaken) this.controls.push(controlId);
  }

  async signal(name: string, message: Json): Promise<void> {
    await this.#take(name, message);
  }

  async #repeat(at: number): Promise<void> {
    const message = pick(this.#messages, at);
    if (message !== undefined && (await this.#take('decideApproval', message))) {
      this.decisionSignals += 1;
    }
  }

  async #amend(view: GoalView, deed: Deed, at: number): Promise<void> {
    if (view.plan === null) return;
    const { revision, reasoning, estimatedComplexity } = view.plan;
    const steps = view.steps.map((one) => ({ ...one, input: one.input as PlanStep['input'] }));
    const plain = without(steps.map(planStepOf), deed === 'amend_drop' ? `s${at % 4}` : '');
    const added = effectStep(this.goal.input.goal, `p${revision}`, 'event');
    const changed = deed === 'amend_drop' ? plain : [...plain, added];
    await this.control('amendPlan', {
      expectedRevision: deed === 'amend_stale' ? revision - 1 : revision,
      plan: { reasoning, estimatedComplexity, steps: changed } as unknown as Json,
    });
  }

  /** False when the goal has ended. */
  async #take(name: string, message: Json): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.goal.handle.signal(name, message);
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        // The server refuses signals while a run is closing: the client shall come again.
        if (!isBusy(error) || attempt === 10) throw error;
        await sleep(500);
      }
    }
  }

  #pickSeen(at: number): Approval | undefined {
    return pick([...this.#seen.values()], at);
  }
}

/** The code of gRPC. */
const resourceExhausted = 8;

function isBusy(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: number } | undefined) : undefined;
  return cause?.code === resourceExhausted;
}

const answering = { deed: 'answer', at: 0, waits: false, gapMs: 0 } as const;

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items.length === 0 ? undefined : items[at % items.length];
}

function edited(approval: Approval | undefined): JsonObject {
  const field = approval?.tool === 'sendEmail' ? 'subject' : 'title';
  const input = approval?.input ?? {};
  return { ...input, [field]: `${input[field] as string} edited` };
}

/** A step of a view as a plan holds it. */
function planStepOf(view: Omit<PlanStep, 'dependsOn'> & Pick<StepView, 'dependsOn'>): PlanStep {
  const { id, tool, input, rationale, critical, requiresConfirmation, checkpoint } = view;
  const dependsOn = [...view.dependsOn];
  return { id, tool, input, rationale, critical, requiresConfirmation, dependsOn, checkpoint };
}

function brief({ state, steps, pendingApprovals }: GoalView) {
  return [state, steps.map(({ id, status }) => [id, status]), pendingApprovals.length];
}
