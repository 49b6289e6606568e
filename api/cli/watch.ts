/** Follows a goal and prints what changes, until it ends or needs a person. Only reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type GoalView, isTerminal } from '#contracts/goal.ts';
import type { ApiClient } from './api-client.ts';
import {
  type Paint,
  escapeText,
  renderApproval,
  renderEnd,
  renderQuestions,
  renderState,
  renderStep,
} from './render.ts';

const pollMs = 500;
const outageMs = 60_000;

/** What watching needs. */
export type WatchOptions = {
  readonly api: ApiClient;
  readonly goalId: string;
  readonly paint: Paint;
  readonly print: (line: string) => void;
  /** Stop at the first thing a person must do, instead of going on when it is done. */
  readonly stopWhenWaiting: boolean;
};

/** Prints changes as they come. Returns the view it stopped at. */
export async function watchGoal(options: WatchOptions): Promise<GoalView> {
  const { api, goalId } = options;
  const printed = new Set<string>();
  for (;;) {
    const view = printed.size === 0 ? await api.goal(goalId) : await patiently(options);
    for (const { key, lines } of partsOf(view, options.paint)) {
      if (printed.has(key)) continue;
      printed.add(key);
      for (const line of lines) options.print(line);
    }
    if (isTerminal(view.state)) return view;
    if (options.stopWhenWaiting && view.state.startsWith('awaiting_')) return view;
    await sleep(pollMs);
  }
}

/** Bridges a restart of the api: a goal goes on without it, so watching does too. */
async function patiently({ api, goalId, paint, print }: WatchOptions): Promise<GoalView> {
  const until = Date.now() + outageMs;
  for (let told = false; ; told = true) {
    try {
      return await api.goal(goalId);
    } catch (error) {
      if (Date.now() >= until) throw error;
      if (!told) print(paint.yellow('  (the api does not answer; the goal goes on, waiting …)'));
      await sleep(pollMs);
    }
  }
}

/** Everything worth a line, with a key under which it is printed once. */
function partsOf(view: GoalView, paint: Paint): { key: string; lines: string[] }[] {
  const { plan } = view;
  const parts = [
    { key: 'goal', lines: [paint.bold(escapeText(view.goal)), paint.dim(`  ${view.id}`)] },
  ];
  if (plan !== null) {
    const text = `  plan ${plan.revision}: ${escapeText(plan.reasoning)}`;
    parts.push({ key: `plan:${plan.revision}`, lines: [paint.dim(text)] });
  }
  for (const step of view.steps) {
    if (step.status === 'pending') continue;
    const key = `step:${plan?.revision}:${step.id}:${step.revision}:${step.status}:${step.undone}`;
    parts.push({ key, lines: [renderStep(step, paint)] });
  }
  const open = view.questions.filter(({ answer }) => answer === null);
  if (open.length > 0) {
    const key = `questions:${open.map(({ id, question }) => id + question).join()}`;
    parts.push({ key, lines: renderQuestions(view, paint) });
  }
  for (const approval of view.pendingApprovals) {
    const card = renderApproval({ ...approval, goal: view.goal, mode: view.mode }, paint);
    const commands = [
      `  npx adjutant approve ${approval.approvalId}`,
      `  npx adjutant reject ${approval.approvalId} --comment "…"`,
    ];
    parts.push({
      key: `approval:${approval.approvalId}:${approval.digest}`,
      lines: ['', ...card, ...commands, ''],
    });
  }
  if (isTerminal(view.state)) {
    const lines = [`  ${renderState(view.state, paint)}`, ...renderEnd(view, paint)];
    parts.push({ key: 'end', lines });
  }
  return parts;
}
