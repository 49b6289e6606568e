/** Series, answers and holds in a person's own words on the real stack: the card, and what happened. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Approval } from '#contracts/approval.ts';
import type { GoalView } from '#contracts/goal.ts';
import { type OracleEffect, type Stack, startStack } from '#test/support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Carries a goal out, approving what it asks; what it showed and what it changed. */
async function carryOut(
  text: string,
): Promise<{ view: GoalView; shown: Approval; effects: readonly OracleEffect[] }> {
  const before = (await stack.effects()).length;
  const goalId = await stack.goal(text);
  const asked = await stack.until(goalId, ({ pendingApprovals }) => pendingApprovals.length > 0);
  const shown = asked.pendingApprovals[0]!;
  expect(await stack.decide(shown, { verdict: 'approve' })).toMatchObject({ status: 200 });
  const view = await stack.until(goalId, ({ state }) => /^(?:completed|failed)/.test(state));
  return { view, shown, effects: (await stack.effects()).slice(before) };
}

const operations = (effects: readonly OracleEffect[]) =>
  effects.map(({ operation, count }) => `${operation} ${count}`);
const line = (approval: Approval, label: string) =>
  approval.card.lines.find((entry) => entry.label === label)?.value;

test('a weekly meeting is one series', async () => {
  const goal = 'Set up a weekly 1:1 with Bob on Mondays at 10';
  const { view, shown, effects } = await carryOut(goal);
  expect(view.state).toBe('completed');
  expect(line(shown, 'Repeats')).toBe('every week on Mon, without an end');
  expect(line(shown, 'Reach')).toBe('1 guest; up to 1 mail; occurrences without an end');
  expect(operations(effects)).toEqual(['events.insert 1']);
  expect(JSON.parse(String(effects[0]!.raw))).toMatchObject({
    recurrence: ['RRULE:FREQ=WEEKLY;BYDAY=MO'],
  });
});

test('every stand-up moves by one change of the series', async () => {
  const { view, shown, effects } = await carryOut('Move all standups to 9:15');
  expect(view.state).toBe('completed');
  expect(shown.card.title).toBe('Change every occurrence of "Daily stand-up"');
  expect(operations(effects)).toEqual(['events.patch 1']);
});

test('a meeting gets a room that is free, which takes the booking', async () => {
  const { view, shown, effects } = await carryOut(
    'Set up an hour with Bob next week with a room about the launch',
  );
  expect(view.state).toBe('completed');
  expect(line(shown, 'Rooms')).toMatch(/^room-\w+@office\.example\.com$/);
  expect(line(shown, 'Reach')).toBe('1 guest; up to 1 mail; 1 room');
  expect(operations(effects)).toEqual(['events.insert 1']);
  const room = line(shown, 'Rooms')!;
  type Calendars = Record<string, { events: Record<string, { attendees?: Attendee[] }> }>;
  type Attendee = { email: string; responseStatus: string };
  const { calendars } = await stack.oracle<{ calendars: Calendars }>('/__oracle/state');
  const answers = Object.values(calendars[room]!.events).flatMap(({ attendees = [] }) =>
    attendees.filter(({ email }) => email === room),
  );
  expect(answers.map(({ responseStatus }) => responseStatus)).toEqual(['accepted']);
});

test('an invitation is declined, and its organizer is named before', async () => {
  const { view, shown, effects } = await carryOut('Decline the invitation to the product review');
  expect(view.state).toBe('completed');
  expect([shown.tier, line(shown, 'Told')]).toEqual([3, 'priya.nair@office.example.com']);
  expect(operations(effects)).toEqual(['events.patch 1']);
});

test('slots are held, and released together', async () => {
  const held = await carryOut('Hold three slots for the pitch with Bob next week');
  expect(held.view.state).toBe('completed');
  expect(operations(held.effects)).toEqual(Array(3).fill('events.insert 1'));
  const released = await carryOut('Release the holds for the pitch');
  expect(released.view.state).toBe('completed');
  expect(operations(released.effects)).toEqual(Array(3).fill('events.delete 1'));
});
