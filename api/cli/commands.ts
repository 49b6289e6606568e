/** What the commands do. They print and ask through what they are given, so that tests can listen. */
import { randomUUID } from 'node:crypto';
import { isTerminal, type GoalView } from '#contracts/goal.ts';
import type { ApiClient, CliDecision, ShownApproval } from './api-client.ts';
import { applySettings } from './edit-input.ts';
import { CliError } from './find-api.ts';
import { escapeText, type Paint, renderApproval, renderGoal, renderListed } from './render.ts';
import { watchGoal } from './watch.ts';

/** What commands work with. `ask` is null where nobody can answer. */
export type CommandContext = {
  readonly api: ApiClient;
  readonly paint: Paint;
  readonly print: (line: string) => void;
  readonly ask: ((question: string) => Promise<string>) | null;
};

const waitSeconds = 60;

/** `goal`: starts a goal; waits or follows it when told to. Returns the exit code. */
export async function startCommand(
  context: CommandContext,
  text: string,
  options: { wait?: boolean; watch?: boolean; shadow?: boolean; context?: string },
): Promise<number> {
  const body = {
    goal: text,
    ...(options.shadow === true ? { mode: 'shadow' } : {}),
    ...(options.context === undefined ? {} : { context: options.context }),
  };
  const wait = options.wait === true && options.watch !== true ? waitSeconds : null;
  const { id } = await context.api.startGoal(body, { key: randomUUID(), waitSeconds: wait });
  if (options.watch === true) return watchCommand(context, id);
  if (wait === null) {
    context.print(`Started ${id}`);
    context.print(`  npx adjutant watch ${id}`);
    return 0;
  }
  return showGoal(context, await context.api.goal(id));
}

/** `watch`: follows a goal to its end. */
export async function watchCommand(context: CommandContext, goalId: string): Promise<number> {
  const { api, paint, print } = context;
  const view = await watchGoal({ api, goalId, paint, print, stopWhenWaiting: false });
  return exitCodeOf(view);
}

/** `status`: one goal, or the latest ones. */
export async function statusCommand(
  context: CommandContext,
  goalId: string | undefined,
): Promise<number> {
  if (goalId !== undefined) {
    showGoal(context, await context.api.goal(goalId));
    return 0;
  }
  const goals = await context.api.goals();
  if (goals.length === 0) context.print('No goals yet. Try: npx adjutant goal "…"');
  for (const goal of goals) context.print(renderListed(goal, context.paint));
  return 0;
}

/** `approvals`: everything that waits for a decision. */
export async function approvalsCommand(context: CommandContext): Promise<number> {
  const approvals = await context.api.approvals();
  if (approvals.length === 0) context.print('Nothing waits for you.');
  for (const approval of approvals) {
    for (const line of [...renderApproval(approval, context.paint), '']) context.print(line);
  }
  return 0;
}

/** Decides an approval: shows the card, asks, and sends exactly the digest of the card it showed. */
export async function decideCommand(
  context: CommandContext,
  approvalId: string,
  options: { verdict: 'approve' | 'reject'; comment?: string | undefined; yes?: boolean },
): Promise<number> {
  const approval = await showPending(context, approvalId);
  const verb = options.verdict === 'approve' ? 'Approve' : 'Reject';
  await confirm(context, `${verb} this? [y/N] `, options.yes);
  return send(context, approval, { verdict: options.verdict, comment: options.comment });
}

/** `edit`: approves with changed values; shows what changes before it asks. */
export async function editCommand(
  context: CommandContext,
  approvalId: string,
  options: { set: readonly string[]; comment?: string | undefined; yes?: boolean },
): Promise<number> {
  const approval = await showPending(context, approvalId);
  const input = applySettings(approval.input, options.set);
  context.print('With these changes:');
  for (const setting of options.set) context.print(`  ${JSON.stringify(setting)}`);
  await confirm(context, 'Approve with these changes? [y/N] ', options.yes);
  return send(context, approval, { verdict: 'edit', input, comment: options.comment });
}

/** `answer`: answers the open questions of a goal: all words for one question, else one text each. */
export async function answerCommand(
  context: CommandContext,
  goalId: string,
  texts: readonly string[],
): Promise<number> {
  const view = await context.api.goal(goalId);
  const open = view.questions.filter(({ answer }) => answer === null);
  if (open.length === 0) throw new CliError('This goal asks nothing right now.');
  const given = open.length === 1 ? [texts.join(' ')] : texts;
  if (open.length !== given.length) {
    throw new CliError(
      `The goal asks ${open.length} question(s); give as many answers, each in quotes.`,
    );
  }
  const answers = open.map(({ id }, i) => ({ questionId: id, answer: given[i] ?? '' }));
  context.print((await context.api.answer(goalId, answers)).message);
  return 0;
}

/** `cancel`: stops a goal. */
export async function cancelCommand(context: CommandContext, goalId: string): Promise<number> {
  await context.api.cancel(goalId);
  context.print('Stopping. Nothing new starts; what can be undone is.');
  return 0;
}

/** Shows an approval that waits. @throws CliError for one that is decided */
export async function showPending(
  context: CommandContext,
  approvalId: string,
): Promise<ShownApproval> {
  const approval = await context.api.approval(approvalId);
  for (const line of renderApproval(approval, context.paint)) context.print(line);
  if (approval.state === 'pending') return approval;
  const by = approval.decision === null ? '' : ` by ${approval.decision.actor}`;
  throw new CliError(`This is ${approval.state} already${by}.`);
}

/** Asks before anything is sent. @throws CliError when the answer is not yes */
export async function confirm(
  context: CommandContext,
  question: string,
  yes?: boolean,
): Promise<void> {
  if (yes === true) return;
  if (context.ask === null) {
    throw new CliError('Nobody can be asked here. Add --yes to decide without the question.');
  }
  const answer = await context.ask(question);
  if (!/^(y|yes)$/i.test(answer.trim())) throw new CliError('Nothing was decided.');
}

/** Sends a decision about exactly what was shown. Returns the exit code. */
export async function send(
  context: CommandContext,
  approval: ShownApproval,
  decision: Omit<CliDecision, 'digest' | 'decisionId'>,
): Promise<number> {
  const answer = await context.api.decide(approval.approvalId, {
    ...decision,
    digest: approval.digest,
    // The same decision when a lost answer makes the request be sent again.
    decisionId: randomUUID(),
  });
  if (answer.outcome === 'pending') {
    context.print(answer.message);
    return 2;
  }
  const words = { approve: 'Approved.', edit: 'Approved with your changes.', reject: 'Rejected.' };
  const settled = answer.approval.state !== 'pending' && decision.verdict !== 'delegate';
  const text = settled ? words[decision.verdict as keyof typeof words] : answer.message;
  context.print(context.paint.green(escapeText(text)));
  return 0;
}

function showGoal(context: CommandContext, view: GoalView): number {
  for (const line of renderGoal(view, context.paint)) context.print(line);
  return exitCodeOf(view);
}

function exitCodeOf(view: GoalView): number {
  return isTerminal(view.state) && view.state !== 'completed' ? 3 : 0;
}
