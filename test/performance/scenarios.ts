/** The goals the benchmark runs, as plans of a scripted planner. They reach no network. */
import type { JsonObject } from '#contracts/json.ts';
import type { Plan, PlanStep } from '#contracts/schemas/plan.ts';

/** One goal: its plan, and what its history must not exceed. */
export type Scenario = {
  readonly plan: Plan;
  readonly approvals: number;
};

const readInput = { window: 'today' };
const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const invitation = {
  title: 'Sync',
  start: '2026-12-01T10:00',
  durationMinutes: 30,
  guests: mail.to,
};

/** Every goal by name; the name is also the text of the goal. */
export const scenarios = {
  'three reads and a final read': {
    plan: planOf(
      ...['first', 'second', 'third'].map((id) => step(id, 'listEvents', readInput)),
      step('final', 'listEvents', readInput, ['first', 'second', 'third']),
    ),
    approvals: 0,
  },
  'find and invite': {
    plan: planOf(
      step('find', 'listEvents', readInput),
      step('invite', 'createEvent', invitation, ['find']),
    ),
    approvals: 1,
  },
  'two approvals in parallel': {
    plan: planOf(
      step('one', 'sendEmail', mail),
      step('two', 'sendEmail', { ...mail, subject: 'Again' }),
    ),
    approvals: 2,
  },
  'a single effect': {
    plan: planOf(step('send', 'sendEmail', mail)),
    approvals: 1,
  },
  'ten reads in a row': {
    plan: planOf(
      ...Array.from({ length: 10 }, (_, i) =>
        step(`read${i}`, 'listEvents', readInput, i === 0 ? [] : [`read${i - 1}`]),
      ),
    ),
    approvals: 0,
  },
} as const satisfies Record<string, Scenario>;

/** Names a goal of reads one after the other. With `chars`, each finds so many and hands them on. */
export function readsInARow(count: number, chars = 0): string {
  return `${count} reads in a row of ${chars} characters`;
}

/** The plan of the goal with this text. */
export function planOfGoal(goal: string): Plan {
  if (Object.hasOwn(scenarios, goal)) return scenarios[goal as ScenarioName].plan;
  const [count = 0, chars = 0] = (goal.match(/\d+/g) ?? []).map(Number);
  const reads = Array.from({ length: count }, (_, i) => {
    const window = i === 0 || chars === 0 ? 'today' : `{{steps.read${i - 1}.output.text}}`;
    const input = chars === 0 ? { window } : { window, chars };
    return step(`read${i}`, 'listEvents', input, i === 0 ? [] : [`read${i - 1}`]);
  });
  return planOf(...reads);
}

/** The name of a scenario. */
export type ScenarioName = keyof typeof scenarios;
/** All of them. */
export const scenarioNames = Object.keys(scenarios) as ScenarioName[];

function planOf(...steps: PlanStep[]): Plan {
  return { reasoning: 'as asked', estimatedComplexity: 'low', steps };
}

function step(
  id: string,
  tool: PlanStep['tool'],
  input: JsonObject,
  dependsOn: readonly string[] = [],
): PlanStep {
  return {
    id,
    tool,
    input: input as PlanStep['input'],
    rationale: `because of ${id}`,
    critical: false,
    requiresConfirmation: false,
    dependsOn: [...dependsOn],
    checkpoint: false,
  };
}
