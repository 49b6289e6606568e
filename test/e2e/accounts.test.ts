/** Goals of a person with two accounts, on the real stack: which one is read, changed and named. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '#contracts/approval.ts';
import { type Stack, startStack } from '#test/support/stack.ts';
import { connectGraph } from '../contract/graph-clients.ts';
import { connectAs } from '../contract/sandbox-clients.ts';

const work = 'alex.morgan@office.example.com';
const home = 'alex@morgan-family.example.org';
const bob = 'bob.keller@office.example.com';
const carla = 'carla.rossi@office.example.com';
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

const line = (approval: Approval, label: string) =>
  approval.card.lines.find((entry) => entry.label === label)?.value;
async function approve(goal: string): Promise<{ approval: Approval; state: string }> {
  const goalId = await stack.goal(goal);
  const approval = await stack.approval(goalId);
  await stack.decide(approval, { verdict: 'approve' });
  return { approval, state: (await stack.ended(goalId)).state };
}

test('both accounts of the sandbox are connected, and named', async () => {
  const { body } = await stack.api('/v1/accounts');
  expect(body.accounts).toMatchObject([
    { email: work, provider: 'google', label: 'work', isDefault: true },
    { email: home, provider: 'microsoft', label: 'private', isDefault: false },
  ]);
});

test('an event is put into the calendar the person names, and the card says which', async () => {
  const before = (await stack.effects()).length;
  const { approval, state } = await approve(
    'Block one hour next Tuesday at 20:00 for taxes in my private calendar',
  );
  expect([line(approval, 'Calendar'), state]).toEqual([home, 'completed']);
  const effects = (await stack.effects()).slice(before);
  expect(effects).toMatchObject([{ operation: 'events.insert', account: home, count: 1 }]);
});

test('a mail leaves from the address the person names', async () => {
  const before = (await stack.effects()).length;
  const { approval, state } = await approve(
    'Write to Bob from my private address that I am ill today',
  );
  expect([line(approval, 'From'), state]).toEqual([`Alex Morgan <${home}>`, 'completed']);
  const effects = (await stack.effects()).slice(before);
  expect(effects.map(({ operation, account }) => [operation, account])).toEqual([
    ['drafts.create', home],
    ['drafts.send', home],
  ]);
});

test('one goal answers a private mail and uses the private calendar, each seen before', async () => {
  const before = (await stack.effects()).length;
  const goalId = await stack.goal(
    'Reply to the last mail from Petra Voss that Tuesday suits me and block one hour next Tuesday at ' +
      '18:00 for the fitter in my private calendar',
  );
  const approved: Approval[] = [];
  for (let i = 0; i < 2; i += 1) {
    const approval = await stack.approval(goalId);
    approved.push(approval);
    await stack.decide(approval, { verdict: 'approve' });
    await stack.until(goalId, (view) =>
      view.pendingApprovals.every(({ approvalId }) => approvalId !== approval.approvalId),
    );
  }
  expect((await stack.ended(goalId)).state).toBe('completed');
  const byTool = Object.fromEntries(approved.map((approval) => [approval.tool, approval]));
  expect(line(byTool['sendEmail']!, 'From')).toBe(`Alex Morgan <${home}>`);
  expect(line(byTool['createEvent']!, 'Calendar')).toBe(home);
  const effects = (await stack.effects()).slice(before);
  expect(
    effects.map(({ operation, account, count }) => `${operation} ${account} ${count}`).toSorted(),
  ).toEqual([`drafts.create ${home} 1`, `drafts.send ${home} 1`, `events.insert ${home} 1`]);
});

describe('a meeting with people at both vendors', () => {
  const title = 'Harbour launch';
  type Guests = { title: string; start: string; guests: { email: string; response: string }[] };

  /** The meeting as the person sees it, once. */
  async function shown(): Promise<Guests> {
    const { steps } = await stack.ended(await stack.goal('What is on my calendar next week?'));
    const { value } = steps[0]!.output as unknown as { value: { events: Guests[] } };
    const [found, ...others] = value.events.filter((event) => event.title === title);
    expect(others).toEqual([]);
    return found!;
  }
  /** The meeting in Carla's calendar at Microsoft. */
  async function atCarlas() {
    const graph = await connectGraph({ url: stack.endpoints().sandbox! }, carla);
    const from = new Date().toISOString();
    const to = new Date(Date.now() + 21 * 24 * 3_600_000).toISOString();
    const view = await graph
      .api(`/me/calendarView?startDateTime=${from}&endDateTime=${to}&$top=200`)
      .get();
    type Found = { id: string; subject: string; isCancelled: boolean; start: { dateTime: string } };
    const event = (view.value as Found[]).find(({ subject }) => subject.endsWith(title));
    return { graph, event };
  }
  /** The meeting in Bob's calendar at Google. */
  async function atBobs() {
    const { calendar } = connectAs({ url: stack.endpoints().sandbox! }, bob);
    const { data } = await calendar.events.list({ calendarId: 'primary', q: title });
    return { calendar, event: data.items?.[0] };
  }

  test('reaches both, and shows what each of them answered', async () => {
    const { approval, state } = await approve(
      `Set up 30 minutes with Bob and Carla next week about the ${title}`,
    );
    expect([line(approval, 'Guests'), state]).toEqual([`${bob}, ${carla}`, 'completed']);
    const [carlas, bobs] = await Promise.all([atCarlas(), atBobs()]);
    const { id } = carlas.event!;
    await carlas.graph.api(`/me/events/${id}/accept`).post({ sendResponse: true });
    await bobs.calendar.events.patch({
      calendarId: 'primary',
      eventId: bobs.event!.id!,
      requestBody: {
        attendeesOmitted: true,
        attendees: [{ email: bob, responseStatus: 'declined' }],
      },
    });
    const { guests } = await shown();
    expect(guests.map(({ email, response }) => `${email} ${response}`).toSorted()).toEqual([
      `${bob} declined`,
      `${carla} accepted`,
    ]);
  });

  test('moves for both', async () => {
    const before = await shown();
    const { approval, state } = await approve(`Move the ${title} next week to Friday afternoon`);
    expect(state).toBe('completed');
    expect(line(approval, 'Guests')).toBe(`${bob}, ${carla}`);
    const { start } = await shown();
    expect(start).not.toBe(before.start);
    const [carlas, bobs] = await Promise.all([atCarlas(), atBobs()]);
    const ms = Date.parse(start);
    expect(Date.parse(`${carlas.event!.start.dateTime.slice(0, 19)}Z`)).toBe(ms);
    expect(Date.parse(bobs.event!.start!.dateTime!)).toBe(ms);
  });

  test('is cancelled for both', async () => {
    const { state } = await approve(`Cancel the ${title} next week`);
    expect(state).toBe('completed');
    const [carlas, bobs] = await Promise.all([atCarlas(), atBobs()]);
    expect(carlas.event?.isCancelled ?? true).toBe(true);
    expect(bobs.event).toBeUndefined();
  });
});

test('an account that is disconnected is asked for no more', async () => {
  const gone = await stack.api(`/v1/accounts/${home}`, { method: 'DELETE' });
  expect(gone).toMatchObject({
    status: 200,
    body: { leftToDo: expect.stringMatching(/Microsoft/) },
  });
  const goalId = await stack.goal('What is on my calendar next week?');
  const { state, steps } = await stack.ended(goalId);
  expect(state).toBe('completed');
  const { value } = steps[0]!.output as unknown as {
    value: { events: { account: string }[]; unreachable: unknown[] };
  };
  expect(new Set(value.events.map(({ account }) => account))).toEqual(new Set([work]));
  expect(value.unreachable).toEqual([]);
});
