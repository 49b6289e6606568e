/** The final report, written from the ledger's receipts and the steps' outputs; no model has a say. */
import type { Report } from '#contracts/goal.ts';
import type { Json, JsonObject } from '#contracts/json.ts';
import { findingOf } from './findings.ts';
import type { Goal, Step } from './goal.ts';

/** Writes the report of a goal that has come to its end. */
export function writeReport(goal: Goal): Report {
  const effects = goal.steps.filter((step) => step.effect !== null);
  const done = effects
    .filter(
      ({ effect, undone: isUndone, status }) =>
        effect?.outcome === 'confirmed' && !isUndone && status === 'completed',
    )
    .map((step) => sentenceOf(step));
  const shadow = effects
    .filter((step) => step.effect?.outcome === 'shadow')
    .map((step) => `Shadow mode, not done: ${sentenceOf(step)}`);
  const undone = effects.filter((step) => step.undone).map((step) => `Undone: ${sentenceOf(step)}`);
  const notDone = [...goal.steps.flatMap(problemOf), ...shadow];
  if (goal.failure !== null) notDone.unshift(goal.failure.message);
  const findings = goal.steps.flatMap(findingOf);
  return {
    headline: headlineOf(goal, done.length, undone.length, findings.length),
    done,
    findings,
    notDone,
    undone,
  };
}

function headlineOf(goal: Goal, done: number, undone: number, findings: number): string {
  switch (goal.state) {
    case 'cancelled':
      return 'Cancelled.';
    case 'failed':
      return 'Failed; see what was not done.';
    case 'completed_with_issues':
      return undone > done
        ? `Undone in part: ${plural(undone, 'thing')} undone; see what was not.`
        : `Done in part: ${plural(done, 'thing')} done; see what was not.`;
    default:
      if (done > 0) return `Done: ${plural(done, 'thing')}.`;
      if (undone > 0) return `Undone: ${plural(undone, 'thing')}.`;
      return findings > 0 ? 'Here is what was found.' : 'There was nothing to do.';
  }
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** One sentence from a receipt: what is in the ledger, in words. */
function sentenceOf(step: Step): string {
  const receipt = step.effect?.receipt ?? {};
  const text = (key: string): string => {
    const value = receipt[key];
    return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : '';
  };
  const guests = text('guests') === '' ? '' : ` with ${text('guests')}`;
  const when = text('startLocal') || text('start');
  switch (step.plan.tool) {
    case 'createEvent':
      return `Created “${text('title')}” on ${when}${guests}.`;
    case 'moveEvent':
      return `Moved “${text('title')}” to ${when}${guests}.`;
    case 'cancelEvent':
      return `Cancelled “${text('title')}” of ${when}${guests}.`;
    case 'updateEvent':
      return `Changed “${text('title')}” on ${when}${guests}.`;
    case 'respondToInvitation':
      return `Answered “${text('title')}” on ${when}: ${text('response')}.`;
    case 'holdSlots':
      return `Held ${plural(countOf(receipt['holds']), 'slot')} for “${text('title')}”.`;
    case 'releaseHolds':
      return receipt['event'] == null
        ? `Released the holds for “${text('title')}”.`
        : `Made one hold the event “${text('title')}” and released the others.`;
    case 'sendEmail':
      return `Sent “${text('subject')}” to ${text('to')}.`;
    case 'createDraft':
      return `Left a draft “${text('subject')}” to ${text('to')}.`;
    case 'labelMail':
    case 'archiveMail':
    case 'markMail':
    case 'moveMail':
      return mailSentence(step.plan.tool, receipt);
    default:
      return `${step.plan.tool} is done.`;
  }
}

function mailSentence(tool: string, { messageIds, left }: JsonObject): string {
  const verbs: Readonly<Record<string, string>> = {
    labelMail: 'Changed the labels of',
    archiveMail: 'Archived',
    markMail: 'Marked',
    moveMail: 'Moved',
  };
  const rest = countOf(left) === 0 ? '' : ` ${plural(countOf(left), 'mail')} could not be changed.`;
  return `${verbs[tool] ?? tool} ${plural(countOf(messageIds), 'mail')}.${rest}`;
}

function countOf(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}

function problemOf(step: Step): string[] {
  const name = `${step.plan.id} (${step.plan.tool})`;
  switch (step.status) {
    case 'failed':
      return [`${name} failed: ${step.failure?.message ?? 'no reason given'}`];
    case 'rejected':
      return [`${name} was not approved${step.comment === null ? '' : `: ${step.comment}`}.`];
    case 'skipped':
      return [`${name} was not started.`];
    case 'unknown':
      return [`${name} may or may not have happened: the provider did not say. Please check.`];
    default:
      return [];
  }
}
