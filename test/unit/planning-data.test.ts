/** What the planner is told: outputs of finished steps, but never more than a prompt should hold. */
import { expect, it } from 'vitest';
import { planningData } from '#activities/planner/planning-data.ts';
import type { PlanRequest } from '#contracts/activities.ts';
import type { Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { newGoalId, owner } from '../support/effects.ts';

function told(outputs: readonly Json[]): Json | undefined {
  const finished = outputs.map((output, i) => ({ id: `s${i}`, status: 'completed', output }));
  const previous = { reasoning: '', estimatedComplexity: 'low', steps: [] } as const;
  const request: PlanRequest = {
    goalId: newGoalId(),
    owner,
    zone: 'Europe/Berlin',
    now: '2026-12-01T09:00:00.000Z',
    goal: 'Revise',
    context: '',
    constraints: [],
    answers: [],
    revision: { number: 1, reason: 'checkpoint', previous: { ...previous, steps: [] }, finished },
  };
  const { revision } = planningData(request, [], []) as { revision: { finished: Json } };
  return revision.finished;
}

it('small outputs are told as they are', () => {
  expect(told([{ events: [1] }, null])).toEqual([
    { id: 's0', status: 'completed', output: { events: [1] } },
    { id: 's1', status: 'completed', output: null },
  ]);
});

it('large outputs share the room of a prompt, and say that they were cut', () => {
  const finished = told(Array.from({ length: 40 }, () => ({ text: '𝄞'.repeat(50_000) })));
  const text = JSON.stringify(finished);
  expect(text.length).toBeLessThan(limits.modelMaterialMaxChars * 1.2);
  expect(text.match(/\[…cut\]/g)).toHaveLength(40);
  expect(text.isWellFormed()).toBe(true);
});
