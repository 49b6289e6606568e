/**
 * Signals and queries of a goal. Decisions are taken one at a time, in the order they came, so that
 * two of them can never both find the same approval pending.
 */
import { setHandler } from '@temporalio/workflow';
import { isJsonObject, type Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import {
  answerQuestionSignal,
  decideApprovalSignal,
  getAnswerQuery,
  getApprovalQuery,
  getDecisionQuery,
  getGoalQuery,
  getJournalQuery,
  getPublicationQuery,
} from '#contracts/messages.ts';
import { takeDecision } from './approval.ts';
import type { Goal } from './goal.ts';

/** Registers every handler of a goal. */
export function handleMessages(goal: Goal): void {
  let decisions: Promise<void> = Promise.resolve();
  let received = 0;
  setHandler(
    decideApprovalSignal,
    (message) => {
      received += 1;
      const fallbackId = `unsigned-${received}`;
      decisions = decisions.then(() => takeDecision(goal, message, fallbackId));
      return decisions;
    },
    { description: 'Decide on an approval: { approvalId, digest, verdict, comment? }' },
  );
  setHandler(answerQuestionSignal, (message) => takeAnswers(goal, message), {
    description: 'Answer clarifying questions: { answers: [{ questionId, answer }] }',
  });
  setHandler(getGoalQuery, () => goal.view(), { description: 'The full status of the goal' });
  setHandler(getApprovalQuery, (id) => goal.approvals.get(id) ?? null);
  setHandler(getDecisionQuery, (id) => goal.decisions.get(id) ?? null);
  setHandler(getAnswerQuery, (id) => goal.answers.get(id) ?? null);
  setHandler(getPublicationQuery, () => ({
    goal: goal.view(),
    approvals: [...goal.approvals.values()],
    events: goal.journal.events,
    journalNumber: goal.journal.events.length,
  }));
  setHandler(getJournalQuery, (after) =>
    goal.journal.events.filter((event) => event.number > (Number(after) || 0)),
  );
}

/** Takes answers in. All of one signal are taken, or none; a refusal is journaled with the reason. */
function takeAnswers(goal: Goal, message: Json): void {
  const parsed = parseAnswers(message);
  const actor =
    isJsonObject(message) && typeof message['actor'] === 'string' ? message['actor'] : 'temporal';
  const id =
    isJsonObject(message) && typeof message['answerId'] === 'string' ? message['answerId'] : null;
  const problem = parsed === undefined ? malformedAnswers : problemOf(goal, parsed);
  if (problem !== null || parsed === undefined) {
    goal.journal.append('answer_refused', { reason: problem, actor });
    if (id !== null) goal.answers.set(id, { applied: false, message: problem ?? malformedAnswers });
    return;
  }
  for (const { questionId, answer } of parsed) {
    goal.questions = goal.questions.map((question) =>
      question.id === questionId ? { ...question, answer } : question,
    );
    goal.journal.append('question_answered', { questionId, actor });
  }
  if (id !== null) goal.answers.set(id, { applied: true, message: 'Answered.' });
}

const malformedAnswers = `Send { answers: [{ questionId, answer }] } with 1 to ${limits.questionsMax} answers of at most ${limits.answerMaxChars} characters.`;

function parseAnswers(message: Json): { questionId: string; answer: string }[] | undefined {
  const answers = isJsonObject(message) ? message['answers'] : undefined;
  if (!Array.isArray(answers) || answers.length === 0 || answers.length > limits.questionsMax) {
    return undefined;
  }
  const parsed: { questionId: string; answer: string }[] = [];
  for (const item of answers as readonly Json[]) {
    const { questionId, answer } = isJsonObject(item) ? item : {};
    if (typeof questionId !== 'string' || typeof answer !== 'string') return undefined;
    const text = answer.trim();
    if (text === '' || text.length > limits.answerMaxChars) return undefined;
    parsed.push({ questionId, answer: text });
  }
  return parsed;
}

function problemOf(goal: Goal, answers: readonly { questionId: string }[]): string | null {
  if (goal.state !== 'awaiting_answer') return 'No question is open.';
  for (const { questionId } of answers) {
    const question = goal.questions.find(({ id }) => id === questionId);
    if (question === undefined) return `There is no question ${questionId.slice(0, 64)}.`;
    if (question.answer !== null) return `Question ${questionId} has been answered.`;
  }
  return null;
}
