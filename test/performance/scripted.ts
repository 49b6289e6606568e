/**
 * The activities both arms of the benchmark run: a planner that answers from scenarios.ts and reads
 * that find nothing. They do no work, so that what is measured is everything around them.
 */
import type { PlanRequest, PlanResult, ReadResult } from '#contracts/activities.ts';
import { type ScenarioName, scenarios } from './scenarios.ts';

/** Returns the plan of the scenario the goal names. */
export function proposePlan({ goal }: Pick<PlanRequest, 'goal'>): Promise<PlanResult> {
  return Promise.resolve({
    plan: scenarios[goal as ScenarioName].plan,
    questions: [],
    problems: [],
    repairs: 0,
    usage: [{ responseId: 'r1', model: 'scripted', inputTokens: 10, outputTokens: 5 }],
    promptVersion: 'bench',
  });
}

/** Finds no event. */
export function listEvents(): Promise<ReadResult> {
  return Promise.resolve({ value: { events: [] }, trust: 'trusted', origins: [] });
}
