/** Clarifying questions: asking them, waiting for all answers, and taking answers in. */
import { patched } from '@temporalio/workflow';
import type { Question } from '#contracts/schemas/plan.ts';
import { isJsonObject, type Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { keep } from './decisions.ts';
import type { Goal } from './goal.ts';
import { waitUntil } from './waiting.ts';

/** Why there is no plan, for people. */
export const notAnswered = 'The question was not answered in time.';

/** Asks the person; false when they do not answer in time. @throws Parked */
export async function askQuestions(goal: Goal, questions: readonly Question[]): Promise<boolean> {
  goal.questions = questions.map((question) => ({ ...question, answer: null }));
  for (const { id, question } of questions) goal.journal.append('question_asked', { id, question });
  goal.questionsExpireAtMs = Date.now() + goal.input.timers.answerExpiresMs;
  goal.enter('asking');
  goal.publishRequested = true;
  return awaitAnswers(goal);
}

/** Waits for the answers to the open questions. @throws Parked */
export async function awaitAnswers(goal: Goal): Promise<boolean> {
  goal.enter('asking');
  const answered = await waitUntil(
    goal,
    () => goal.questions.every(({ answer }) => answer !== null),
    goal.questionsExpireAtMs ?? Date.now(),
    goal.plan === null
      ? 'The question expires: without an answer the goal ends'
      : 'The question expires: without an answer the plan stays as it is',
  );
  for (const { question, answer } of goal.questions) {
    if (answer !== null) goal.answered.push({ question, answer });
  }
  if (!answered && goal.plan === null) {
    goal.failure = { type: 'InvalidInputError', message: notAnswered };
    return false;
  }
  goal.questions = [];
  goal.enter(goal.plan === null ? 'planning' : 'executing');
  return answered;
}

/** Takes answers in. All of one signal are taken, or none; a refusal is journaled with the reason. */
export function takeAnswers(goal: Goal, message: Json): void {
  const fields = isJsonObject(message) ? message : {};
  const parsed = parseAnswers(message);
  const actor = typeof fields['actor'] === 'string' ? fields['actor'] : 'temporal';
  const id = typeof fields['answerId'] === 'string' ? fields['answerId'] : null;
  // Answers that were taken before are not taken again, and what was told of them stays.
  if (id !== null && goal.answers.has(id) && patched('answers-once')) return;
  const problem = parsed === undefined ? malformedAnswers : problemOf(goal, parsed);
  if (problem !== null || parsed === undefined) {
    goal.journal.append('answer_refused', { reason: problem, actor });
    if (goal.isPrompt) goal.publishRequested = true;
    if (id !== null) tell(goal, id, false, problem ?? malformedAnswers);
    return;
  }
  for (const { questionId, answer } of parsed) {
    goal.questions = goal.questions.map((question) =>
      question.id === questionId ? { ...question, answer } : question,
    );
    goal.journal.append('question_answered', { questionId, actor });
  }
  if (id !== null) tell(goal, id, true, 'Answered.');
}

function tell(goal: Goal, id: string, applied: boolean, message: string): void {
  keep(goal.answers, id, { applied, message }, limits.controlsKept);
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
  if (goal.phase !== 'asking') return 'No question is open.';
  for (const { questionId } of answers) {
    const question = goal.questions.find(({ id }) => id === questionId);
    if (question === undefined) return `There is no question ${questionId.slice(0, 64)}.`;
    if (question.answer !== null) return `Question ${questionId} has been answered.`;
  }
  return null;
}
