/**
 * One person with an account at Google and one at Microsoft, wired as a worker wires them: reads cover
 * both, changes find the account that holds the thing, and what cannot be read is said.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import type { NewEvent } from '#activities/calendar/port.ts';
import { plainEvent } from '#activities/calendar/port.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { effectKey } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { home, TwoAccounts, work } from './two-accounts.ts';

const bob = 'bob.keller@office.example.com';
const carla = 'carla.rossi@office.example.com';
const zone = 'Europe/Berlin';
const day = '2026-10-18';
const at = (time: string) => `${day}T${time}:00+02:00`;

let alex: TwoAccounts;

beforeAll(async () => {
  alex = await TwoAccounts.start();
  await insert(home, 'Theatre', '19:00', '22:00');
  await insert(work, 'Budget', '10:00', '11:00');
});
afterAll(() => alex[Symbol.asyncDispose]());
beforeEach(() => alex.database.pool.query(`update accounts set state = 'connected'`));

async function insert(account: string, title: string, from: string, to: string) {
  const event: NewEvent = {
    ...plainEvent,
    effectKey: effectKey(`${account} ${title} ${from}`),
    title,
    start: at(from),
    end: at(to),
    zone,
    guests: [],
    location: null,
    description: null,
  };
  return (await alex.connected.calendar(work, account)).insertEvent(event);
}
type Events = {
  events: { id: string; title: string; account: string }[];
  unreachable: JsonObject[];
};
const listed = (input: JsonObject = {}) =>
  alex.read<Events>('listEvents', { window: day, ...input });
const prepare = (tool: EffectToolName, input: JsonObject) => alex.prepare(tool, input);
const lose = (account: string) => alex.lose(account);
const effectsOf = async (name: string) =>
  (await alex.seen(name)).map(({ vendor, operation }) => `${vendor} ${operation}`);

describe('reading', () => {
  it('covers every account, by start, and says which has what', async () => {
    const { events, unreachable } = await listed();
    expect(events.map(({ title, account }) => `${title} ${account}`)).toEqual([
      `Budget ${work}`,
      `Theatre ${home}`,
    ]);
    expect(unreachable).toEqual([]);
  });

  it('keeps to the account that is named, by address or by what the person calls it', async () => {
    for (const account of [home, 'private', ' Private ']) {
      expect((await listed({ account })).events.map(({ title }) => title)).toEqual(['Theatre']);
    }
    await expect(listed({ account: 'school' })).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: `"school" is none of the connected accounts. Connected: ${work} ("work"), ${home} ("private").`,
    });
  });

  it('names an account that cannot be read, and asks the person when none can', async () => {
    await lose(home);
    const { events, unreachable } = await listed();
    expect(events.map(({ title }) => title)).toEqual(['Budget']);
    expect(unreachable).toEqual([
      { account: home, reason: expect.stringMatching(/npx adjutant connect microsoft/) },
    ]);
    await lose(work);
    await expect(listed()).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
      details: [{ provider: 'google', account: work }],
    });
  });

  it('searches every mailbox, newest first', async () => {
    type Found = { messages: { account: string; date: string }[] };
    const query = { query: 'newer_than:60d', limit: 50 };
    const { messages } = await alex.read<Found>('searchMail', query);
    expect(new Set(messages.map(({ account }) => account))).toEqual(new Set([work, home]));
    const dates = messages.map(({ date }) => Date.parse(date));
    expect(dates).toEqual(dates.toSorted((a, b) => b - a));
  });
});

describe('a meeting to which both accounts are invited', () => {
  const date = '2026-11-02';
  const time = (clock: string) => `${date}T${clock}:00+01:00`;
  const invite = async (title: string, clock: string, rule: string | null = null) => {
    const bobs = await connectGoogle(alex.sandbox).calendar(bob);
    const hour = Number(clock.slice(0, 2));
    return bobs.insertEvent({
      ...plainEvent,
      effectKey: effectKey(title),
      title,
      start: time(clock),
      end: time(`${hour + 1}:00`),
      zone,
      guests: [work, home],
      recurrence: rule === null ? null : { rule, excluded: [] },
      location: null,
      description: null,
    });
  };
  const titlesInTheWay = (payload: JsonObject) =>
    (payload['conflicts'] as { title: string }[]).map(({ title }) => title);
  type Merged = { title: string; account: string; alsoIn: string[]; start: string };
  const listedOn = async (window: string) =>
    (await alex.read<{ events: Merged[] }>('listEvents', { window })).events;

  it('is listed once, with both accounts named, and found without asking which', async () => {
    await invite('Reunion', '15:00');
    const named = { title: 'Reunion', account: work, alsoIn: [home] };
    const listedThen = (await listedOn(date)).filter(({ title }) => title === 'Reunion');
    expect(listedThen).toMatchObject([named]);
    const found = await alex.read('findEvent', { window: date, words: 'reunion' });
    expect(found).toMatchObject({ event: named });
  });

  it('is listed once a day when it repeats, though the vendors name occurrences differently', async () => {
    await invite('Kickabout', '17:00', 'FREQ=DAILY;COUNT=3');
    const games = (await listedOn('2026-11-02/2026-11-04')).filter(
      ({ title }) => title === 'Kickabout',
    );
    expect(games.map(({ start }) => start.slice(0, 10))).toEqual([
      '2026-11-02',
      '2026-11-03',
      '2026-11-04',
    ]);
    expect(games.every(({ alsoIn }) => alsoIn.join() === home)).toBe(true);
  });

  it('is in the way once, and never in the way of itself', async () => {
    const input = { title: 'Call', start: time('15:30'), durationMinutes: 60, guests: [] };
    const { payload } = await prepare('createEvent', input);
    expect(titlesInTheWay(payload).filter((title) => title === 'Reunion')).toHaveLength(1);
    const own = { title: 'Family', start: time('12:00'), durationMinutes: 60, guests: [home] };
    const { receipt } = await alex.carryOut('createEvent', own, 'family');
    const moved = await prepare('moveEvent', {
      eventId: receipt['eventId'] as string,
      start: time('12:30'),
    });
    expect(moved.payload).toMatchObject({ account: work });
    expect(titlesInTheWay(moved.payload)).not.toContain('Family');
  });
});

describe('finding a time', () => {
  type Slots = { best: { start: string }; unknown: string[] };
  const find = (input: JsonObject) =>
    alex.read<Slots>('findTime', {
      people: [work, bob],
      durationMinutes: 60,
      window: 'next Wednesday',
      ...input,
    });

  it('leaves out what the person has in any of their calendars', async () => {
    const { best } = await find({});
    const start = Date.parse(best.start);
    const busy: NewEvent = {
      ...plainEvent,
      effectKey: effectKey('in the way'),
      title: 'School play',
      start: best.start,
      end: new Date(start + 3_600_000).toISOString(),
      zone,
      guests: [],
      location: null,
      description: null,
    };
    await (await alex.connected.calendar(work, home)).insertEvent(busy);
    expect(Date.parse((await find({})).best.start)).not.toBe(start);
  });

  it('takes the person for unknown, never free, when one of the calendars cannot be read', async () => {
    await lose(home);
    const ends = await find({}).then(
      ({ unknown }) => unknown,
      (error: Error) => [error.message],
    );
    expect(ends.join()).toMatch(/Alex Morgan|alex\.morgan/);
  });

  it('asks the default account for colleagues, whom the private one may not see', async () => {
    const busy = await (
      await alex.connected.calendar(work, home)
    ).busyTimes([bob], Date.parse(at('08:00')), Date.parse(at('18:00')));
    expect(busy.get(bob)).toBe('unknown');
    expect((await find({ people: [work, bob, carla] })).unknown).toEqual([]);
  });
});

describe('what is changed', () => {
  it('is changed in the account that holds it', async () => {
    const { id } = (await listed()).events.find(({ title }) => title === 'Theatre')!;
    const { payload, card } = await prepare('moveEvent', { eventId: id, start: at('20:00') });
    expect(payload).toMatchObject({ account: home });
    expect(card.lines).toContainEqual({ label: 'Calendar', value: home });
    const done = alex.effect('move the theatre');
    const receipt = await alex.handler('moveEvent').perform(payload, done);
    expect(receipt).toMatchObject({ account: home, title: 'Theatre' });
    expect(await effectsOf('move the theatre')).toEqual(['microsoft events.patch']);
    await expect(prepare('cancelEvent', { eventId: id, account: 'work' })).rejects.toMatchObject({
      type: 'NotFoundError',
    });
  });

  it('is found in one account while another cannot be read, be it the default one', async () => {
    const { id } = await insert(home, 'Concert', '16:00', '17:00');
    await lose(work);
    const { payload } = await prepare('cancelEvent', { eventId: id, account: null });
    expect(payload).toMatchObject({ account: home, title: 'Concert' });
  });

  it('is asked for again when the account that may hold it cannot be read', async () => {
    await lose(home);
    await expect(
      prepare('cancelEvent', { eventId: 'nowhere', account: null }),
    ).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
      details: [{ provider: 'microsoft', account: home }],
    });
  });

  it('goes to the default account when it is new, and to the named one when one is named', async () => {
    const input = { title: 'Lunch', start: at('12:00'), durationMinutes: 60, guests: [] };
    expect((await prepare('createEvent', input)).payload).toMatchObject({ account: work });
    const { payload } = await prepare('createEvent', { ...input, account: 'private' });
    expect(payload).toMatchObject({ account: home });
    // Whatever the default is when it is done: what was approved is done.
    const receipt = await alex
      .handler('createEvent')
      .perform(payload, alex.effect('lunch at home'));
    expect(receipt).toMatchObject({ account: home });
    expect(await effectsOf('lunch at home')).toEqual(['microsoft events.insert']);
  });

  it('shows what is in the way in any calendar, and which could not be read', async () => {
    const input = { title: 'Dinner', start: at('20:30'), durationMinutes: 60, guests: [] };
    const { payload } = await prepare('createEvent', input);
    expect(payload).toMatchObject({ conflicts: [{ title: 'Theatre' }] });
    await lose(home);
    const { card } = await prepare('createEvent', input);
    expect(card.warnings.join()).toContain(`The calendar of ${home} could not be read`);
  });

  it('takes no time for free while a calendar that was read cannot be read any more', async () => {
    const { id } = await insert(work, 'Review', '15:00', '16:00');
    const time = { start: at('06:00') };
    const steps: [EffectToolName, JsonObject][] = [
      ['createEvent', { title: 'Run', ...time, durationMinutes: 30, guests: [] }],
      ['moveEvent', { eventId: id, ...time }],
      ['updateEvent', { eventId: id, ...time }],
      ['holdSlots', { title: 'Run', slots: [time], durationMinutes: 30 }],
    ];
    const fresh = (tool: EffectToolName, payload: JsonObject) =>
      alex.handler(tool).checkFresh?.(payload, alex.context());
    const read = await Promise.all(steps.map(([tool, input]) => prepare(tool, input)));
    for (const [index, [tool]] of steps.entries()) await fresh(tool, read[index]!.payload);
    await lose(home);
    for (const [index, [tool, input]] of steps.entries()) {
      await expect(fresh(tool, read[index]!.payload)).rejects.toMatchObject({
        type: 'PreconditionFailedError',
        message: expect.stringContaining(home),
      });
      // What the person is asked next says so: approving that is approving not to know.
      const again = await prepare(tool, input);
      expect(again.card.warnings.join()).toContain(`The calendar of ${home} could not be read`);
      const payload = alex.handler(tool).payloadSchema.parse(again.payload);
      expect(payload).toMatchObject({ unread: [home], conflicts: [] });
      await fresh(tool, payload);
    }
  });

  it('creates an event that was approved with a calendar unread', async () => {
    await lose(home);
    const input = { title: 'Walk', start: at('05:00'), durationMinutes: 30, guests: [] };
    const { receipt } = await alex.carryOut('createEvent', input, 'walk');
    expect(receipt).toMatchObject({ account: work, title: 'Walk' });
  });

  it('answers a mail from the account it came to', async () => {
    type Found = { messages: { id: string; threadId: string }[] };
    const query = { query: 'newer_than:60d', account: 'private' };
    const [mail] = (await alex.read<Found>('searchMail', query)).messages;
    const text = { to: [bob], subject: 'Hello', body: 'Hello.' };
    const reply = await prepare('sendEmail', { ...text, replyToMessageId: mail!.id });
    expect(reply.payload).toMatchObject({ account: home, fromName: 'Alex Morgan' });
    expect((await prepare('sendEmail', text)).payload).toMatchObject({ account: work });
    const thread = await alex.read('readThread', { threadId: mail!.threadId });
    expect(thread).toMatchObject({ account: home });
  });

  it('never answers to the person themselves, whichever account a step names', async () => {
    const subject = 'To both of my addresses';
    const raw = [
      `From: Nora <nora@acme.example.org>`,
      `To: ${work}, ${home}, ${bob}`,
      `Subject: ${subject}`,
      'Message-ID: <both-addresses@acme.example.org>',
      `Date: ${alex.sandbox.office.now().toUTCString()}`,
      '',
      'Hello both.',
    ].join('\r\n');
    const { id } = addMessage(alex.sandbox.office, alex.sandbox.office.main, {
      raw: Buffer.from(raw),
      labelIds: ['INBOX'],
    });
    const input = { mode: 'replyAll', replyToMessageId: id, body: 'Hi.', account: work };
    const { payload } = await prepare('sendEmail', input);
    expect(payload).toMatchObject({ account: work, to: ['nora@acme.example.org'], cc: [bob] });
  });
});
