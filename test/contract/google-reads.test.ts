/** The read activities over Google's wire: what a plan gets, what it is told when there is nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadRequest } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import { createCalendarReads } from '#activities/calendar/activities.ts';
import { createEmailReads } from '#activities/email/activities.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';

const office = (name: string) => `${name}@office.example.com`;
const stored: string[] = [];
let sandbox: Sandbox;
let reads: ReturnType<typeof createCalendarReads> & ReturnType<typeof createEmailReads>;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  const google = connectGoogle(sandbox);
  const documents = {
    put: async ({ content }: { content: string }) => `doc${stored.push(content)}`,
    get: async () => {
      throw new Error('not used');
    },
  };
  const deps = { ...google, documents };
  reads = { ...createCalendarReads(deps), ...createEmailReads(deps) };
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

type Tool = keyof typeof reads;
const ask = async <Name extends Tool>(tool: Name, input: JsonObject) => {
  const request: ReadRequest = {
    context: stepContext(sandbox),
    input,
    trust: 'trusted',
    origins: [],
  };
  const result = await reads[tool](request);
  return { ...result, value: toolSchemas[tool].output.parse(result.value) as never } as {
    value: ReturnType<(typeof toolSchemas)[Name]['output']['parse']>;
    trust: string;
    origins: readonly { label: string; kind: string }[];
  };
};

describe('calendar', () => {
  it('lists a window with local times, as untrusted', async () => {
    const { value, trust, origins } = await ask('listEvents', { window: 'this week' });
    expect(value.events.length).toBeGreaterThan(3);
    expect(value.events[0]!.startLocal).toMatch(/\(Europe\/Berlin\)$/);
    expect(trust).toBe('untrusted');
    expect(origins[0]!.kind).toBe('calendar');
  });

  it('finds one event by its words, and says what it looked for when there is none or several', async () => {
    const { value } = await ask('listEvents', { window: 'next week' });
    const titles = value.events.map(({ title }) => title);
    const single = value.events.find(
      ({ title }) => titles.filter((t) => t === title).length === 1,
    )!;
    const found = await ask('findEvent', { window: 'next week', words: single.title });
    expect(found.value.event.id).toBe(single.id);
    await expect(
      ask('findEvent', { window: 'next week', words: 'zeppelin' }),
    ).rejects.toMatchObject({
      type: 'NotFoundError',
      message: expect.stringContaining('matching "zeppelin"'),
    });
    const twice = value.events.find(({ title }) => titles.filter((t) => t === title).length > 1)!;
    const next = await ask('findEvent', { window: 'next week', words: twice.title });
    expect(next.value.event.id).toBe(twice.id);
    await expect(ask('findEvent', { window: 'next week', words: '1:1' })).rejects.toMatchObject({
      type: 'AmbiguousError',
      message: expect.stringContaining('Say which one'),
    });
  });

  it('offers times at which everyone and the owner are free', async () => {
    const input = {
      people: [office('bob.keller'), office('carla.rossi')],
      durationMinutes: 30,
      window: 'next week',
    };
    const { value, trust } = await ask('findTime', input);
    expect(trust).toBe('trusted');
    expect(value.best.perPerson.map(({ email }) => email)).toContain(sandbox.office.main.email);
    expect(value.slots.length).toBeGreaterThan(1);
    const busy = await (
      await connectGoogle(sandbox).calendar(sandbox.office.main.email)
    ).busyTimes(
      [sandbox.office.main.email, ...input.people],
      Date.parse(value.best.start),
      Date.parse(value.best.end),
    );
    expect([...busy.values()]).toEqual([[], [], []]);
  });

  it('finds a time with a room that is free, under wishes of everyone and of one', async () => {
    const input = {
      people: [office('bob.keller'), office('carla.rossi')],
      durationMinutes: 30,
      window: 'next week',
      must: { notWeekdays: ['friday', 'monday'], keepLunchFree: true },
      perPerson: [{ email: office('bob.keller'), must: { notBefore: '14:00' } }],
      rooms: ['room-aurora@office.example.com', 'room-borealis@office.example.com'],
      travelMinutes: 60,
    };
    const { value } = await ask('findTime', input);
    expect(value.slots.length).toBeGreaterThan(1);
    for (const { start, room } of value.slots) {
      expect(input.rooms).toContain(room);
      expect(Number(start.slice(11, 13))).toBeGreaterThanOrEqual(14);
      expect([2, 3, 4]).toContain(new Date(start).getUTCDay());
    }
    const calendar = await connectGoogle(sandbox).calendar(sandbox.office.main.email);
    const { room, start, end } = value.best;
    const taken = await calendar.busyTimes([room!], Date.parse(start), Date.parse(end));
    expect(taken.get(room!)).toEqual([]);
  });

  it('assumes no working hours for somebody who is not in the directory, and says so', async () => {
    const input = {
      people: ['room-cirrus@office.example.com'],
      durationMinutes: 30,
      window: 'next week',
    };
    const { value } = await ask('findTime', input);
    expect(value.hoursUnknown).toEqual(input.people);
    expect(value.best.reasons).toContain(
      'the working hours of room-cirrus@office.example.com are not known',
    );
    await expect(
      ask('findTime', { ...input, perPerson: [{ email: office('bob.keller') }] }),
    ).rejects.toMatchObject({ type: 'InvalidInputError' });
  });

  it('never offers a time of somebody whose calendar cannot be read', async () => {
    const input = { people: [office('sam.okafor')], durationMinutes: 30, window: 'next week' };
    await expect(ask('findTime', input)).rejects.toMatchObject({
      type: 'NotFoundError',
      message: expect.stringMatching(/could not be read.*Sam/),
    });
  });

  it('names the forms of time it understands', async () => {
    await expect(ask('listEvents', { window: 'when pigs fly' })).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: expect.stringContaining('Understood forms'),
    });
  });
});

describe('mail', () => {
  it('finds mail with 500 characters at most, newest first, naming the senders', async () => {
    const { value, trust, origins } = await ask('searchMail', { query: 'in:inbox', limit: 30 });
    const dates = value.messages.map(({ date }) => Date.parse(date));
    expect(dates).toEqual(dates.toSorted((a, b) => b - a));
    expect(value.truncated).toBe(true);
    expect(Math.max(...value.messages.map(({ excerpt }) => excerpt.length))).toBeLessThanOrEqual(
      500,
    );
    expect(value.messages.every(({ documentId }) => documentId === null)).toBe(true);
    expect(trust).toBe('untrusted');
    expect(origins[0]!.label).toMatch(/^mail from .+, \d+ \w+$/);
    expect(stored).toEqual([]);
  });

  it('reads a thread in order, keeps its texts aside, and knows what to answer', async () => {
    const { value: hits } = await ask('searchMail', { query: 'subject:agenda has:attachment' });
    const { value } = await ask('readThread', { threadId: hits.messages[0]!.threadId });
    expect(value.messages.length).toBe(3);
    expect(value.messages.every(({ documentId }) => documentId !== null)).toBe(true);
    expect(stored.join()).toContain('audit logs');
    expect(value.lastReceived!.from.email).not.toBe(sandbox.office.main.email);
    await expect(ask('readThread', { threadId: 'ffff' })).rejects.toMatchObject({
      type: 'NotFoundError',
    });
  });

  it('takes a contact from the directory as trusted and from mail as untrusted', async () => {
    const bob = await ask('findContact', { name: 'bob' });
    expect(bob).toMatchObject({
      trust: 'trusted',
      value: { email: office('bob.keller'), foundIn: 'directory' },
    });
    const nora = await ask('findContact', { name: 'Nora Feld' });
    expect(nora).toMatchObject({
      trust: 'untrusted',
      value: { email: 'nora.feld@acme.example.org', foundIn: 'mail' },
    });
    expect(nora.origins[0]!.kind).toBe('mail');
    await expect(ask('findContact', { name: 'Zebulon Quux' })).rejects.toMatchObject({
      type: 'NotFoundError',
    });
  });
});
