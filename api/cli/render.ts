/**
 * Turns goals and approvals into lines of text. Everything that came from elsewhere is escaped here,
 * so that no mail, page or goal can move the cursor, change colours or hide words.
 */
import type { GoalState, GoalView, StepStatus, StepView, Retry } from '#contracts/goal.ts';
import { isTerminal } from '#contracts/goal.ts';
import type { ListedGoal, ShownApproval } from './api-client.ts';

export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
};

/** Colours for a terminal; plain text for anything else. */
export function createPaint(colours: boolean): Paint {
  const wrap = (open: number, close: number) => (text: string) =>
    colours ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
  };
}

/**
 * Shows control and invisible characters as `\u{…}`, so that what a person reads is what is there.
 * Line ends stay when `lines` is true.
 */
export function escapeText(text: string, lines = false): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, (character) => {
    if (lines && character === '\n') return character;
    // The joiner is part of many emoji and of several scripts.
    if (character === '\u200d') return character;
    if (character === '\n' || character === '\t') return ' ';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** An approval as a card: everything the decision is about, and what stands behind it. */
export function renderApproval(approval: ShownApproval, paint: Paint): string[] {
  const { card } = approval;
  const shadow = approval.mode === 'shadow' ? paint.yellow(' [shadow: nothing will be sent]') : '';
  return [
    `${paint.bold(escapeText(card.title))}${shadow}`,
    paint.dim(`  goal      ${escapeText(approval.goal)}`),
    ...card.lines.flatMap(({ label, value, origin, collapsed }) => [
      ...labelled(escapeText(label), collapsed === true ? shortened(value) : value),
      ...(origin === undefined ? [] : [paint.dim(`            (${escapeText(origin)})`)]),
    ]),
    ...card.warnings.map((warning) => paint.red(`  ! ${escapeText(warning)}`)),
    ...approval.difference.map(({ path, before, after }) =>
      paint.red(
        `  ! changed: ${escapeText(path)} from ${escapeText(JSON.stringify(before))} to ${escapeText(JSON.stringify(after))}`,
      ),
    ),
    ...labelled('why asked', approval.reasons.join(' ')),
    ...renderDeciders(approval),
    ...labelled('undo', card.undo ?? 'cannot be undone'),
    ...labelled('expires', approval.expiresAt),
    paint.dim(`  id        ${approval.approvalId}`),
  ];
}

/** Who is asked, where that is not simply the owner. */
function renderDeciders(approval: ShownApproval): string[] {
  const { assignedTo, assignedRole, requiredDecisions, approvedBy, leavesAt } = approval;
  const names = approvedBy.map(({ actor }) => actor).join(', ');
  const soFar = names === '' ? '' : `; approved by ${names} so far`;
  return [
    ...(assignedTo === null ? [] : labelled('handed to', assignedTo)),
    ...(assignedRole === 'owner' ? [] : labelled('also', `everyone with the role ${assignedRole}`)),
    ...(requiredDecisions > 1 ? labelled('needs', `${requiredDecisions} people${soFar}`) : []),
    ...(leavesAt === null ? [] : labelled('leaves', leavesAt)),
  ];
}

/** The beginning of a long text that was not written for this. */
function shortened(value: string): string {
  const lines = value.split('\n');
  const shown = 3;
  if (lines.length <= shown + 1) return value;
  const more = `[${lines.length - shown} more lines; GET /v1/approvals/{id} shows them]`;
  return [...lines.slice(0, shown), more].join('\n');
}

function labelled(label: string, value: string): string[] {
  const [first = '', ...rest] = escapeText(value, true).split('\n');
  return [`  ${label.padEnd(9)} ${first}`, ...rest.map((line) => `            ${line}`)];
}

const stepMarks: Readonly<Record<StepStatus, string>> = {
  pending: '·',
  running: '…',
  awaiting_approval: '?',
  delayed: '…',
  waiting_on_provider: '…',
  completed: '✓',
  failed: '✗',
  rejected: '✗',
  skipped: '-',
  unknown: '!',
};

/** One line about a step. */
export function renderStep(step: StepView, paint: Paint): string {
  const colour =
    step.status === 'completed'
      ? paint.green
      : step.status === 'failed' || step.status === 'unknown' || step.status === 'rejected'
        ? paint.red
        : step.status === 'awaiting_approval'
          ? paint.yellow
          : paint.dim;
  const status = step.undone ? 'undone' : step.status.replaceAll('_', ' ');
  const failure = step.failure === null ? '' : `: ${escapeText(step.failure.message)}`;
  const why = escapeText(step.rationale);
  return `  ${colour(stepMarks[step.status])} ${step.tool} (${step.id}) ${colour(status)}${failure}  ${paint.dim(why)}`;
}

/** A state in words, with its colour. */
export function renderState(state: GoalState, paint: Paint): string {
  const words = state.replaceAll('_', ' ');
  if (state === 'completed') return paint.green(words);
  if (state === 'failed' || state === 'cancelled') return paint.red(words);
  return state.startsWith('awaiting') || state === 'completed_with_issues'
    ? paint.yellow(words)
    : words;
}

/** The whole status of a goal. */
export function renderGoal(
  view: GoalView & { readonly retrying?: readonly Retry[] },
  paint: Paint,
): string[] {
  const shadow = view.mode === 'shadow' ? paint.yellow(' [shadow]') : '';
  return [
    `${paint.bold(escapeText(view.goal))}${shadow}`,
    `  ${renderState(view.state, paint)}  ${paint.dim(view.id)}`,
    ...view.steps.map((step) => renderStep(step, paint)),
    ...(view.retrying ?? []).map(({ activity, attempt, message }) =>
      paint.yellow(`  … ${escapeText(activity)}, attempt ${attempt}: ${escapeText(message)}`),
    ),
    ...renderQuestions(view, paint),
    ...view.pendingApprovals.map(({ approvalId, card }) =>
      paint.yellow(`  ? ${escapeText(card.title)}  ->  npx adjutant approve ${approvalId}`),
    ),
    ...renderEnd(view, paint),
  ];
}

/** The questions that wait for an answer, with the command that answers. */
export function renderQuestions(view: GoalView, paint: Paint): string[] {
  const open = view.questions.filter(({ answer }) => answer === null);
  if (view.state !== 'awaiting_answer' || open.length === 0) return [];
  return [
    ...open.map(({ question, choices }) => {
      const listed =
        choices.length === 0 ? '' : ` (${choices.map((c) => escapeText(c)).join(', ')})`;
      return paint.yellow(`  ? ${escapeText(question)}${listed}`);
    }),
    `    npx adjutant answer ${view.id} "…"`,
  ];
}

/** What a goal came to; nothing while it runs. */
export function renderEnd(view: GoalView, paint: Paint): string[] {
  const { report, failure } = view;
  if (!isTerminal(view.state)) return [];
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : [`  ${title}`, ...items.flatMap((item) => bullet(item))];
  return [
    ...(failure === null ? [] : [paint.red(`  ${escapeText(failure.message)}`)]),
    ...(report === null
      ? []
      : [
          `  ${paint.bold(escapeText(report.headline))}`,
          ...list('Done', report.done),
          ...list(
            'Found',
            report.findings.map(({ text }) => text),
          ),
          ...list('Not done', report.notDone),
          ...list('Undone', report.undone),
        ]),
  ];
}

function bullet(item: string): string[] {
  const [first = '', ...rest] = escapeText(item, true).split('\n');
  return [`    - ${first}`, ...rest.map((line) => `      ${line}`)];
}

/** One line of the list of goals. */
export function renderListed(goal: ListedGoal, paint: Paint): string {
  const text = escapeText(goal.headline ?? goal.goal);
  const characters = Array.from(text);
  const shown = characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : text;
  const waiting =
    goal.pendingApprovals > 0 ? paint.yellow(` (${goal.pendingApprovals} to approve)`) : '';
  return `${goal.id}  ${renderState(goal.state, paint)}${waiting}  ${shown}`;
}
