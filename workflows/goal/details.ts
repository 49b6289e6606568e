/** The plan as a Markdown table, for the current details in the Temporal Web UI. */
import type { Goal, Step } from './goal.ts';

const marks: Readonly<Record<Step['status'], string>> = {
  pending: 'waiting',
  running: 'running',
  awaiting_approval: '**needs your approval**',
  delayed: 'leaves soon',
  waiting_on_provider: 'waits for the provider',
  completed: 'done',
  failed: 'failed',
  rejected: 'rejected',
  skipped: 'skipped',
  unknown: '**outcome unknown**',
};

/** Renders state, plan and pending approvals, with what a signal needs to decide them. */
export function describeGoal(goal: Goal): string {
  const lines = [`**${goal.state}**`, ''];
  for (const { question, answer } of goal.questions) {
    if (answer === null) lines.push(`Question: ${cell(question)}`, '');
  }
  if (goal.steps.length > 0) {
    lines.push('| step | tool | why | status |', '|---|---|---|---|');
    for (const step of goal.steps) {
      const { id, tool, rationale } = step.plan;
      lines.push(`| ${id} | ${tool} | ${cell(rationale)} | ${marks[step.status]} |`);
    }
  }
  for (const approval of goal.pendingApprovals()) {
    lines.push('', `**${cell(approval.card.title)}** (tier ${approval.tier})`, '');
    for (const { label, value } of approval.card.lines) {
      lines.push(`- ${cell(label)}: ${cell(value.slice(0, 300))}`);
    }
    const { approvalId, digest } = approval;
    const signal = JSON.stringify({ approvalId, digest, verdict: 'approve' });
    // Inline: the Web UI drops fenced code (UI 2.42.1).
    lines.push('', 'To approve, send the signal `decideApproval` with:', '', `\`${signal}\``);
  }
  if (goal.report !== null) lines.push('', cell(goal.report.headline));
  return lines.join('\n').slice(0, 15_000);
}

function cell(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[|`<>[\]*_\\]/g, (mark) => `\\${mark}`);
}
