/** The handlers' recipes against the sandbox: approved is sent, once, found again, undone. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { googleEventId } from '#activities/calendar/google-bodies.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import { composeMime } from '#activities/email/mime.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, intentAt, stepContext } from './contexts.ts';
import { connectGoogle, type GoogleSetup } from './google-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

const bob = 'bob.keller@office.example.com';
let sandbox: Sandbox;
let google: GoogleSetup;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  google = connectGoogle(sandbox);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
});

afterEach(() => {
  expect(google.violations).toEqual([]);
});

const handler = (tool: EffectToolName) =>
  [...createCalendarHandlers(google), ...createEmailHandlers(google)].find((h) => h.tool === tool)!;
const prepare = async (tool: EffectToolName, input: JsonObject) =>
  (await handler(tool).prepare(stepContext(sandbox), input)).payload;
const context = (name: string, ref: string | null = null) =>
  effectContext(stepContext(sandbox), name, ref);
const rows = async (name: string) =>
  (await askOracle<EffectRow[]>(sandbox, 'effects')).filter(({ key }) => key === effectKey(name));
const counts = async (name: string) =>
  Object.fromEntries((await rows(name)).map(({ operation, count }) => [operation, count]));
const lose = (method: string, pathRegex: string) =>
  setFault(sandbox, { match: { method, pathRegex }, times: 1, action: 'drop_after_commit' });
const eventInput = (title: string, guests: string[] = [bob]) => ({
  title,
  start: '2026-10-15T11:00',
  durationMinutes: 30,
  guests,
});
const mailInput = { to: [bob], subject: 'Grüße', body: 'Hello Bob,\n\n.dots and ünïcode\n' };
const idOf = (receipt: JsonObject) => receipt['eventId'] as string;
const own = async (name: string) => {
  const payload = await prepare('createEvent', eventInput(name));
  return { payload, receipt: await handler('createEvent').perform(payload, context(name)) };
};

describe('createEvent', () => {
  it('sends exactly what was approved', async () => {
    const input = { ...eventInput('Plan'), location: 'Room 1', description: 'Two\nlines' };
    const payload = await prepare('createEvent', input);
    const receipt = await handler('createEvent').perform(payload, context('plan'));
    const [row] = await rows('plan');
    expect(JSON.parse(row!.raw)).toEqual({
      id: googleEventId(effectKey('plan')),
      summary: 'Plan',
      start: { dateTime: '2026-10-15T11:00:00+02:00', timeZone: 'Europe/Berlin' },
      end: { dateTime: '2026-10-15T11:30:00+02:00', timeZone: 'Europe/Berlin' },
      location: 'Room 1',
      description: 'Two\nlines',
      attendees: [{ email: bob }],
      reminders: { useDefault: false, overrides: [{ method: 'popup', minutes: 15 }] },
      extendedProperties: { private: { effectKey: effectKey('plan') } },
    });
    expect(receipt).toMatchObject({ eventId: googleEventId(effectKey('plan')), guests: [bob] });
  });

  it('happens once for one key, and a second attempt says that it may have happened (seen: 3)', async () => {
    const { payload } = await own('twice');
    await expect(handler('createEvent').perform(payload, context('twice'))).rejects.toThrow(
      UnknownOutcomeError,
    );
    expect(await handler('createEvent').reconcile(payload, context('twice'))).toMatchObject({
      found: 'done',
    });
    expect(await counts('twice')).toEqual({ 'events.insert': 1 });
  });

  it('is found again when the answer was lost, and is absent when it never began', async () => {
    const payload = await prepare('createEvent', eventInput('Lost'));
    const look = () => handler('createEvent').reconcile(payload, context('lost'));
    expect(await look()).toEqual({ found: 'absent' });
    await lose('POST', '/events');
    await expect(handler('createEvent').perform(payload, context('lost'))).rejects.toThrow(
      UnknownOutcomeError,
    );
    expect(await look()).toMatchObject({ found: 'done', receipt: { title: 'Lost' } });
    expect(await counts('lost')).toEqual({ 'events.insert': 1 });
  });

  it('is undone although a guest has answered', async () => {
    const { payload, receipt } = await own('answered');
    const bobs = await google.clients(bob);
    const eventId = idOf(receipt);
    const attendees = [{ email: bob, responseStatus: 'accepted' }];
    const change = { calendarId: 'primary', eventId, requestBody: { attendees } };
    await bobs.write('answer the invitation', () => bobs.calendar.events.patch(change));
    const mine = await google.calendar(sandbox.office.main.email);
    const event = await mine.getEvent(eventId, 'Europe/Berlin');
    expect(event!.guests[0]!.response).toBe('accepted');
    expect(event!.etag).not.toBe(receipt['etag']);
    await handler('createEvent').undo!(payload, receipt, context('answered.undo'));
    expect(await counts('answered.undo')).toEqual({ 'events.delete': 1 });
  });

  it('is undone by its etag, again without harm, and not when somebody changed it', async () => {
    const { payload, receipt } = await own('undo');
    const undo = handler('createEvent').undo!;
    await undo(payload, receipt, context('undo.undo'));
    await undo(payload, receipt, context('undo.undo'));
    expect(await counts('undo.undo')).toEqual({ 'events.delete': 1 });
    const changed = await own('changed');
    const { calendar } = await google.clients(sandbox.office.main.email);
    await calendar.events.patch({
      calendarId: 'primary',
      eventId: idOf(changed.receipt),
      requestBody: { summary: 'Changed by hand' },
    });
    await expect(
      undo(changed.payload, changed.receipt, context('changed.undo')),
    ).rejects.toMatchObject({ type: 'ConflictError' });
    expect(await counts('changed.undo')).toEqual({});
  });
});

describe('moveEvent and cancelEvent', () => {
  it('moves once under the approved etag, is found when the answer was lost, and moves back', async () => {
    const { receipt } = await own('move');
    const input = { eventId: receipt['eventId']!, start: '2026-10-16T15:00' };
    const payload = await prepare('moveEvent', input);
    await lose('PATCH', '/events/');
    await expect(handler('moveEvent').perform(payload, context('move.do'))).rejects.toThrow(
      UnknownOutcomeError,
    );
    const found = await handler('moveEvent').reconcile(payload, context('move.do'));
    expect(found).toMatchObject({ found: 'done' });
    // The stale etag meets our own values: done, not refused.
    const again = await handler('moveEvent').perform(payload, context('move.do'));
    expect(again).toMatchObject({ start: '2026-10-16T15:00:00+02:00' });
    expect(await counts('move.do')).toEqual({ 'events.patch': 1 });
    await handler('moveEvent').undo!(payload, again, context('move.undo'));
    await handler('moveEvent').undo!(payload, again, context('move.undo'));
    expect(await counts('move.undo')).toEqual({ 'events.patch': 1 });
    const port = await google.calendar(sandbox.office.main.email);
    const event = await port.getEvent(idOf(receipt), 'Europe/Berlin');
    expect(event!.startMs).toBe(Date.parse('2026-10-15T11:00:00+02:00'));
  });

  it('refuses to overwrite what somebody changed after the approval (seen: 8)', async () => {
    const { receipt } = await own('stale');
    const eventId = receipt['eventId']!;
    const move = await prepare('moveEvent', { eventId, start: '2026-10-16T15:00' });
    const cancel = await prepare('cancelEvent', { eventId });
    const { calendar } = await google.clients(sandbox.office.main.email);
    const requestBody = { summary: 'Other' };
    await calendar.events.patch({ calendarId: 'primary', eventId: idOf(receipt), requestBody });
    const refused = { type: 'PreconditionFailedError', nonRetryable: true };
    await expect(handler('moveEvent').perform(move, context('stale.m'))).rejects.toMatchObject(
      refused,
    );
    await expect(handler('cancelEvent').perform(cancel, context('stale.c'))).rejects.toMatchObject(
      refused,
    );
    expect(await handler('moveEvent').reconcile(move, context('stale.m'))).toEqual({
      found: 'absent',
    });
    expect(await counts('stale.m')).toEqual({});
  });

  it('cancels once, finds a lost cancellation, and undoes it with one new event', async () => {
    const { receipt } = await own('cancel');
    const payload = await prepare('cancelEvent', { eventId: receipt['eventId']! });
    await lose('DELETE', '/events/');
    const act = () => handler('cancelEvent').perform(payload, context('cancel.do'));
    await expect(act()).rejects.toThrow(UnknownOutcomeError);
    const found = await handler('cancelEvent').reconcile(payload, context('cancel.do'));
    expect(found).toMatchObject({ found: 'done' });
    expect(await counts('cancel.do')).toEqual({ 'events.delete': 1 });
    const undo = () => handler('cancelEvent').undo!(payload, {}, context('cancel.undo'));
    const back = await undo();
    expect(await undo()).toMatchObject({ eventId: back['eventId'] });
    const [row] = await rows('cancel.undo');
    expect(row).toMatchObject({ operation: 'events.insert', count: 1 });
    expect(JSON.parse(row!.raw)).toMatchObject({ summary: 'cancel', attendees: [{ email: bob }] });
  });

  it('refuses a whole series and events of others with a sentence', async () => {
    const { calendar } = await google.clients(sandbox.office.main.email);
    const { data } = await calendar.events.list({ calendarId: 'primary' });
    const series = data.items!.find((e) => e.recurrence && e.organizer?.self)!;
    await expect(prepare('cancelEvent', { eventId: series.id! })).rejects.toThrow(/whole series/);
    const foreign = data.items!.find((e) => !e.recurrence && e.organizer?.self !== true)!;
    await expect(prepare('cancelEvent', { eventId: foreign.id! })).rejects.toThrow(
      /Only .* can cancel/,
    );
  });
});

describe('sendEmail', () => {
  const send = handlerOf('sendEmail');

  it('sends the approved bytes through one draft (seen: 6)', async () => {
    const payload = await prepare('sendEmail', mailInput);
    const sending = context('mail');
    const receipt = await send().perform(payload, sending);
    expect(sending.saved).toHaveLength(1);
    const raw = await composeMime(payload as never, { effectKey: effectKey('mail'), intentAt });
    const sent = (await rows('mail')).find(({ operation }) => operation === 'drafts.send');
    expect(sent).toMatchObject({ count: 1, raw: raw.toString('utf8') });
    expect(receipt).toMatchObject({ draftId: null, subject: 'Grüße', to: [bob] });
    const mailbox = await google.email(bob);
    const found = await mailbox.search({ kind: 'text', field: 'subject', value: 'Grüße' }, 5);
    const messageId = `<${effectKey('mail').slice(0, 40)}@office.example.com>`;
    const messages = found.messages.filter((message) => message.messageId === messageId);
    expect(messages).toHaveLength(1);
    expect(messages[0]!.text.trim()).toBe(mailInput.body.trim());
  });

  it('never sends a second time: the draft is gone', async () => {
    const payload = await prepare('sendEmail', mailInput);
    const first = context('once');
    await send().perform(payload, first);
    const again = context('once', first.saved[0]);
    await expect(send().perform(payload, again)).rejects.toThrow(UnknownOutcomeError);
    expect(await send().reconcile(payload, again)).toMatchObject({ found: 'done' });
    expect(await counts('once')).toEqual({ 'drafts.create': 1, 'drafts.send': 1 });
  });

  it('finds a mail whose answer was lost, and sends a draft that was never sent', async () => {
    const payload = await prepare('sendEmail', mailInput);
    const first = context('lostmail');
    await lose('POST', '/drafts/send');
    await expect(send().perform(payload, first)).rejects.toThrow(UnknownOutcomeError);
    const next = context('lostmail', first.saved[0]);
    expect(await send().reconcile(payload, next)).toMatchObject({ found: 'done' });
    expect(await counts('lostmail')).toEqual({ 'drafts.create': 1, 'drafts.send': 1 });
  });

  it('takes up a draft whose answer was lost instead of storing another', async () => {
    const payload = await prepare('sendEmail', mailInput);
    await lose('POST', '/drafts$');
    const shared = send();
    await expect(shared.perform(payload, context('orphan'))).rejects.toThrow(UnknownOutcomeError);
    const next = context('orphan');
    expect(await shared.reconcile(payload, next)).toEqual({ found: 'absent' });
    expect(next.saved).toHaveLength(1);
    await shared.perform(payload, context('orphan', next.saved[0]));
    expect(await counts('orphan')).toEqual({ 'drafts.create': 1, 'drafts.send': 1 });
  });

  it('says unknown when the draft vanished and nothing was sent', async () => {
    const payload = await prepare('sendEmail', mailInput);
    const draft = await (
      await google.email(sandbox.office.main.email)
    ).createDraft({
      raw: await composeMime(payload as never, { effectKey: effectKey('gone'), intentAt }),
      threadId: null,
    });
    await (await google.email(sandbox.office.main.email)).deleteDraft(draft.draftId);
    expect(await send().reconcile(payload, context('gone', draft.draftId))).toMatchObject({
      found: 'unknown',
    });
  });

  it('answers in the thread, and not when the thread has gone on (seen: 8)', async () => {
    const mailbox = await google.email(sandbox.office.main.email);
    const [mail] = (await mailbox.search({ kind: 'text', field: 'from', value: 'nora' }, 1))
      .messages;
    const input = {
      ...mailInput,
      to: [mail!.from.email],
      subject: `Re: ${mail!.subject.replace(/^Re: /, '')}`,
      replyToMessageId: mail!.id,
    };
    const payload = await prepare('sendEmail', input);
    const receipt = await send().perform(payload, context('reply'));
    expect(receipt).toMatchObject({ threadId: mail!.threadId });
    await expect(send().perform(payload, context('reply2'))).rejects.toMatchObject({
      type: 'PreconditionFailedError',
    });
    expect(await counts('reply2')).toEqual({});
  });

  function handlerOf(tool: EffectToolName) {
    return () => handler(tool);
  }
});

describe('createDraft', () => {
  it('stores one draft, finds it when the answer was lost, and deletes it once', async () => {
    const payload = await prepare('createDraft', mailInput);
    await lose('POST', '/drafts$');
    await expect(handler('createDraft').perform(payload, context('draft'))).rejects.toThrow(
      UnknownOutcomeError,
    );
    const found = await handler('createDraft').reconcile(payload, context('draft'));
    if (found.found !== 'done') throw new Error('not found');
    expect(await counts('draft')).toEqual({ 'drafts.create': 1 });
    const undo = () => handler('createDraft').undo!(payload, found.receipt, context('draft.undo'));
    await undo();
    await undo();
    expect(await counts('draft')).toEqual({ 'drafts.create': 1, 'drafts.delete': 1 });
  });
});
