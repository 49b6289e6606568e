/**
 * The activities both arms of the benchmark run: a planner that answers from scenarios.ts and reads
 * that find what the scenario says. They do no work, so that what is measured is everything around them.
 */
import type { PlanRequest, PlanResult, ReadRequest, ReadResult } from '#contracts/activities.ts';
import { planOfGoal } from './scenarios.ts';

/** Returns the plan of the scenario the goal names. */
export function proposePlan({ goal }: Pick<PlanRequest, 'goal'>): Promise<PlanResult> {
  return Promise.resolve({
    plan: planOfGoal(goal),
    questions: [],
    problems: [],
    repairs: 0,
    usage: [{ responseId: 'r1', model: 'scripted', inputTokens: 10, outputTokens: 5 }],
    promptVersion: 'bench',
  });
}

/** Finds no event, and a text of as many characters as the input says. */
export function listEvents(request?: Pick<ReadRequest, 'input'>): Promise<ReadResult> {
  const chars = Number(request?.input['chars'] ?? 0);
  const value = chars === 0 ? { events: [] } : { events: [], text: 'x'.repeat(chars) };
  return Promise.resolve({ value, trust: 'trusted', origins: [] });
}
