/**
 * One person with an account at Google and one at Microsoft, wired as a worker wires them: reads cover
 * both, changes find the account that holds the thing, and what cannot be read is said.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReadResult } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { createCalendarReads } from '#activities/calendar/activities.ts';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import type { NewEvent } from '#activities/calendar/port.ts';
import { plainEvent } from '#activities/calendar/port.ts';
import { createSignatures } from '#activities/email/signatures.ts';
import { createFileStore } from '#activities/files.ts';
import { createDocumentStore } from '#activities/documents.ts';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { createEmailReads } from '#activities/email/activities.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import { loadConfig } from '#infra/config.ts';
import { sandboxEnvironment } from '#infra/local/parts.ts';
import { ensureSecrets } from '#infra/local/secrets.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { seedOffice } from '#infra/sandbox/seed.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { createDirectory } from '#activities/people.ts';
import { connectedAccounts } from '#workers/accounts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';

const work = 'alex.morgan@office.example.com';
const home = 'alex@morgan-family.example.org';
const bob = 'bob.keller@office.example.com';
const carla = 'carla.rossi@office.example.com';
const zone = 'Europe/Berlin';
const day = '2026-10-18';
const at = (time: string) => `${day}T${time}:00+02:00`;

let sandbox: Sandbox;
let database: TestDatabase;
let connected: Awaited<ReturnType<typeof connectedAccounts>>;
let reads: ReturnType<typeof createCalendarReads> & ReturnType<typeof createEmailReads>;
let handlers: Map<string, EffectHandler>;
const stateDir = mkdtempSync(join(tmpdir(), 'adjutant-accounts-'));

beforeAll(async () => {
  [sandbox, database] = await Promise.all([
    startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') }),
    createTestDatabase(),
  ]);
  const { owner, accounts } = await seedOffice(database.pool, sandbox.oracleUrl);
  const config = loadConfig({
    ADJUTANT_STATE_DIR: stateDir,
    ADJUTANT_OWNER: owner,
    ADJUTANT_SANDBOX_ACCOUNTS: accounts,
    ...sandboxEnvironment(sandbox.url, { model: true, accounts: true, search: true }),
  });
  ensureSecrets(config);
  connected = await connectedAccounts(config, database.pool, alwaysCalls);
  const directory = createDirectory(database.pool);
  const deps = {
    ...connected,
    directory,
    documents: createDocumentStore(database.pool),
    files: createFileStore(database.pool),
    signatureOf: createSignatures(database.pool),
  };
  reads = { ...createCalendarReads(deps), ...createEmailReads(deps) };
  handlers = new Map(
    [...createCalendarHandlers(deps), ...createEmailHandlers(deps)].map((h) => [h.tool, h]),
  );
  await insert(home, 'Theatre', '19:00', '22:00');
  await insert(work, 'Budget', '10:00', '11:00');
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(stateDir, { recursive: true });
});
beforeEach(() => database.pool.query(`update accounts set state = 'connected'`));

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
  return (await connected.calendar(work, account)).insertEvent(event);
}
const context = () => stepContext(sandbox, work);
const request = (input: JsonObject) => ({
  context: context(),
  input,
  trust: 'trusted' as const,
  origins: [],
});
type Events = {
  events: { id: string; title: string; account: string }[];
  unreachable: JsonObject[];
};
const valueOf = <Value>(result: ReadResult) => result.value as unknown as Value;
const listed = async (input: JsonObject = {}) =>
  valueOf<Events>(await reads.listEvents(request({ window: day, ...input })));
const prepare = (tool: string, input: JsonObject) => handlers.get(tool)!.prepare(context(), input);
const lose = (account: string) =>
  database.pool.query(`update accounts set state = 'reconnect_required' where email = $1`, [
    account,
  ]);
async function effectsOf(name: string) {
  const answer = await fetch(`${sandbox.oracleUrl}/__oracle/effects`);
  const seen = (await answer.json()) as { key: string; vendor: string; operation: string }[];
  return seen
    .filter(({ key }) => key === effectKey(name))
    .map(({ vendor, operation }) => `${vendor} ${operation}`);
}

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
    const found = await reads.searchMail(request({ query: 'newer_than:60d', limit: 50 }));
    const { messages } = valueOf<{ messages: { account: string; date: string }[] }>(found);
    expect(new Set(messages.map(({ account }) => account))).toEqual(new Set([work, home]));
    const dates = messages.map(({ date }) => Date.parse(date));
    expect(dates).toEqual(dates.toSorted((a, b) => b - a));
  });
});

describe('finding a time', () => {
  const find = (input: JsonObject) =>
    reads.findTime(
      request({ people: [work, bob], durationMinutes: 60, window: 'next Wednesday', ...input }),
    );
  type Slots = { best: { start: string }; unknown: string[] };

  it('leaves out what the person has in any of their calendars', async () => {
    const { best } = valueOf<Slots>(await find({}));
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
    await (await connected.calendar(work, home)).insertEvent(busy);
    expect(Date.parse(valueOf<Slots>(await find({})).best.start)).not.toBe(start);
  });

  it('takes the person for unknown, never free, when one of the calendars cannot be read', async () => {
    await lose(home);
    const ends = await find({}).then(
      (result) => valueOf<Slots>(result).unknown,
      (error: Error) => [error.message],
    );
    expect(ends.join()).toMatch(/Alex Morgan|alex\.morgan/);
  });

  it('asks the default account for colleagues, whom the private one may not see', async () => {
    const busy = await (
      await connected.calendar(work, home)
    ).busyTimes([bob], Date.parse(at('08:00')), Date.parse(at('18:00')));
    expect(busy.get(bob)).toBe('unknown');
    expect(valueOf<Slots>(await find({ people: [work, bob, carla] })).unknown).toEqual([]);
  });
});

describe('what is changed', () => {
  it('is changed in the account that holds it', async () => {
    const { id } = (await listed()).events.find(({ title }) => title === 'Theatre')!;
    const { payload, card } = await prepare('moveEvent', { eventId: id, start: at('20:00') });
    expect(payload).toMatchObject({ account: home });
    expect(card.lines).toContainEqual({ label: 'Calendar', value: home });
    const done = effectContext(context(), 'move the theatre');
    const receipt = await handlers.get('moveEvent')!.perform(payload, done);
    expect(receipt).toMatchObject({ account: home, title: 'Theatre' });
    expect(await effectsOf('move the theatre')).toEqual(['microsoft events.patch']);
    await expect(prepare('cancelEvent', { eventId: id, account: 'work' })).rejects.toMatchObject({
      type: 'NotFoundError',
    });
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
    const receipt = await handlers
      .get('createEvent')!
      .perform(payload, effectContext(context(), 'lunch at home'));
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

  it('answers a mail from the account it came to', async () => {
    const found = await reads.searchMail(request({ query: 'newer_than:60d', account: 'private' }));
    const [mail] = valueOf<{ messages: { id: string; threadId: string }[] }>(found).messages;
    const text = { to: [bob], subject: 'Hello', body: 'Hello.' };
    const reply = await prepare('sendEmail', { ...text, replyToMessageId: mail!.id });
    expect(reply.payload).toMatchObject({ account: home, fromName: 'Alex Morgan' });
    expect((await prepare('sendEmail', text)).payload).toMatchObject({ account: work });
    const thread = await reads.readThread(request({ threadId: mail!.threadId }));
    expect(valueOf<JsonObject>(thread)).toMatchObject({ account: home });
  });

  it('never answers to the person themselves, whichever account a step names', async () => {
    const subject = 'To both of my addresses';
    const raw = [
      `From: Nora <nora@acme.example.org>`,
      `To: ${work}, ${home}, ${bob}`,
      `Subject: ${subject}`,
      'Message-ID: <both-addresses@acme.example.org>',
      `Date: ${sandbox.office.now().toUTCString()}`,
      '',
      'Hello both.',
    ].join('\r\n');
    const { id } = addMessage(sandbox.office, sandbox.office.main, {
      raw: Buffer.from(raw),
      labelIds: ['INBOX'],
    });
    const input = { mode: 'replyAll', replyToMessageId: id, body: 'Hi.', account: work };
    const { payload } = await prepare('sendEmail', input);
    expect(payload).toMatchObject({ account: work, to: ['nora@acme.example.org'], cc: [bob] });
  });
});
