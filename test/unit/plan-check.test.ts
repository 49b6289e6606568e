/** Checking plans: each defect gives one exact sentence, and nothing a model can say makes it throw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '#activities/planner/check.ts';
import type { Plan } from '#contracts/schemas/plan.ts';

const people = [{ email: 'bob@office.example.com' }, { email: 'alex@office.example.com' }];
const context = { goalText: 'Find 30 minutes with Bob', people };

function step(id: string, tool: string, input: unknown, more: object = {}): object {
  const rest = { rationale: 'because', critical: true, requiresConfirmation: false };
  return { id, tool, input, ...rest, dependsOn: [], checkpoint: false, ...more };
}
function reply(...steps: unknown[]): object {
  return { reasoning: 'so', estimatedComplexity: 'low', steps, questions: [] };
}
const findTime = step('s1', 'findTime', {
  people: ['bob@office.example.com'],
  durationMinutes: 30,
  window: 'next week',
  partOfDay: null,
});
const event = (input: object, more: object = {}) =>
  step(
    's2',
    'createEvent',
    {
      title: 'Talk',
      start: '{{steps.s1.output.best.start}}',
      durationMinutes: 30,
      guests: [],
      ...input,
    },
    more,
  );
const planOf = (steps: unknown[], ctx: Parameters<typeof checkPlan>[1] = context): Plan => {
  const checked = checkPlan(reply(...steps), ctx);
  if ('problems' in checked) throw new Error(checked.problems.join('\n'));
  return checked.plan;
};
const problemsOf = (steps: unknown[], ctx: Parameters<typeof checkPlan>[1] = context) => {
  const checked = checkPlan(reply(...steps), ctx);
  return 'problems' in checked ? checked.problems : [];
};

describe('a sound plan', () => {
  it('passes, with nulls removed and the missing dependency added', () => {
    const plan = planOf([findTime, event({ location: null })]);
    expect(plan.steps[0]!.input).not.toHaveProperty('partOfDay');
    expect(plan.steps[1]!.input).not.toHaveProperty('location');
    expect(plan.steps[1]!.dependsOn).toEqual(['s1']);
  });

  it('leaves steps that do not need each other independent', () => {
    const mail = step('s3', 'searchMail', { query: 'from:bob' });
    expect(planOf([findTime, mail]).steps.map(({ dependsOn }) => dependsOn)).toEqual([[], []]);
  });

  it('may refer to a finished step, which is not repeated', () => {
    const finished = planOf([findTime]).steps;
    const plan = planOf([findTime, event({})], { ...context, finished });
    expect(plan.steps.map(({ id }) => id)).toEqual(['s2']);
  });

  it('takes a list by reference and text around references', () => {
    planOf([
      step('m', 'searchMail', { query: 'x' }),
      step('t', 'summarize', { instruction: 'sum', material: ['{{steps.m.output.messages}}'] }),
      step('d', 'createDraft', {
        to: ['bob@office.example.com'],
        subject: 'Re: {{steps.m.output.messages[0].subject}}',
        body: '{{steps.t.output.summary}}',
      }),
    ]);
  });
});

describe('each defect is named', () => {
  const cases: readonly (readonly [string, unknown[], string])[] = [
    [
      'an unknown step',
      [event({})],
      'step s2: input.start refers to steps.s1, which does not exist.',
    ],
    [
      'an unknown output',
      [findTime, event({ start: '{{steps.s1.output.best.begin}}' })],
      'findTime gives no such value',
    ],
    [
      'a wrong type',
      [findTime, event({ durationMinutes: '{{steps.s1.output.best.start}}' })],
      'is text, but a whole number',
    ],
    [
      'an object for text',
      [findTime, event({ title: '{{steps.s1.output.best}}' })],
      'is an object, but text',
    ],
    [
      'an object inside text',
      [findTime, event({ title: 'At {{steps.s1.output.best}}' })],
      'but text is needed',
    ],
    [
      'a malformed reference',
      [findTime, event({ title: '{{s1.best.start}}' })],
      'is not a reference',
    ],
    ['open braces', [findTime, event({ title: 'Hi {{name' })], 'braces that are no reference'],
    [
      'itself',
      [event({ title: '{{steps.s2.output.title}}', start: 'noon' })],
      'refers to the step itself',
    ],
    ['an unknown tool', [step('a', 'toString', {})], 'step a: tool'],
    ['an inherited name as tool', [step('a', '__proto__', {})], 'step a: tool'],
    [
      'an id like __proto__',
      [step('__proto__', 'searchMail', { query: 'x' })],
      'step __proto__: id',
    ],
    ['a missing field', [step('a', 'searchMail', {})], 'step a: input.query'],
    ['an extra field', [step('a', 'searchMail', { query: 'x', calendarId: 'eve' })], 'calendarId'],
    ['a wrong literal', [step('a', 'searchMail', { query: 'x', limit: 'many' })], 'input.limit'],
    ['repeated ids', [findTime, findTime], 'used more than once'],
    [
      'an unknown dependency',
      [step('a', 'searchMail', { query: 'x' }, { dependsOn: ['zz'] })],
      'dependsOn names zz, which does not exist',
    ],
    [
      'a dependency on itself',
      [step('a', 'searchMail', { query: 'x' }, { dependsOn: ['a'] })],
      'names the step itself',
    ],
    [
      'an invented address',
      [findTime, event({ guests: ['rob@office.example.com'] })],
      'rob@office.example.com is neither',
    ],
    ['no steps', [], 'The plan has no steps'],
  ];
  it.each(cases)('%s', (_, steps, expected) => {
    const problems = problemsOf(steps);
    expect(problems.join('\n')).toContain(expected);
    expect(problems.length).toBeLessThanOrEqual(20);
  });

  it('a circle, with the steps in it', () => {
    const a = step('a', 'searchMail', { query: 'x' }, { dependsOn: ['b'] });
    const b = step('b', 'searchMail', { query: 'x' }, { dependsOn: ['a'] });
    const c = step('c', 'searchMail', { query: 'x' });
    expect(problemsOf([a, b, c])).toEqual(['The steps a, b wait for each other in a circle.']);
  });

  it('a circle that only references make', () => {
    const one = step('a', 'searchMail', { query: '{{steps.b.output.messages[0].subject}}' });
    const two = step('b', 'searchMail', { query: '{{steps.a.output.messages[0].subject}}' });
    expect(problemsOf([one, two]).join()).toContain('in a circle');
  });

  it('too many steps', () => {
    const many = Array.from({ length: 500 }, (_, i) => step(`s${i}`, 'searchMail', { query: 'x' }));
    expect(problemsOf(many).join()).toContain('500 steps; at most 40');
  });

  it('too many dependencies', () => {
    const many = Array.from({ length: 30 }, (_, i) => step(`s${i}`, 'searchMail', { query: 'x' }));
    const last = step(
      'z',
      'searchMail',
      { query: 'x' },
      { dependsOn: many.map((_, i) => `s${i}`) },
    );
    expect(problemsOf([...many, last])[0]).toMatch(/step z: dependsOn/);
  });

  it('an address that only contains a known one', () => {
    const told = { ...context, goalText: 'write to not-bob@x.example.com' };
    const mail = step('a', 'sendEmail', { to: ['bob@x.example.com'], subject: 's', body: 'b' });
    expect(problemsOf([mail], told).join()).toContain('bob@x.example.com is neither');
  });

  it('but not an address the person wrote', () => {
    const told = { ...context, goalText: 'write to Eve@x.example.com.' };
    planOf([step('a', 'sendEmail', { to: ['eve@x.example.com'], subject: 's', body: 'b' })], told);
  });
});

describe('whatever a model says', () => {
  it('never throws, and never passes a tool that is not in the catalogue', () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '{{steps.s1.output.best.start}}',
        '{{',
        '{{goal.text}}',
        '{{steps.s1.output[0]}}',
      ),
      fc.integer(),
      fc.constant(null),
    );
    const anyStep = fc.record(
      {
        id: fc.oneof(fc.constantFrom('s1', 's2', '__proto__', 'constructor', ''), fc.string()),
        tool: fc.oneof(fc.constantFrom('findTime', 'sendEmail', 'toString', 'constructor'), leaf),
        input: fc.oneof(
          fc.dictionary(
            fc.oneof(fc.constantFrom('to', '__proto__', 'start'), fc.string()),
            fc.oneof(leaf, fc.array(leaf), fc.jsonValue()),
          ),
          leaf,
        ),
        rationale: leaf,
        critical: fc.anything(),
        requiresConfirmation: fc.boolean(),
        dependsOn: fc.oneof(fc.array(fc.constantFrom('s1', 's2', '__proto__')), leaf),
        checkpoint: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const anyReply = fc.oneof(
      fc.record({
        reasoning: leaf,
        estimatedComplexity: leaf,
        steps: fc.array(anyStep, { maxLength: 5 }),
      }),
      fc.anything(),
    );
    fc.assert(
      fc.property(anyReply, (value) => {
        const checked = checkPlan(value, context);
        if ('problems' in checked) expect(checked.problems.length).toBeGreaterThan(0);
        else
          expect(checked.plan.steps.every(({ tool }) => tool !== ('toString' as string))).toBe(
            true,
          );
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused when nested without end', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 5_000; i += 1) deep = { a: deep };
    const checked = checkPlan(reply(step('a', 'searchMail', deep)), context);
    expect(checked).toEqual({ problems: ['The reply is nested too deeply.'] });
  });
});
