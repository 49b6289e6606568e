/** Series, answers and holds on Google: every write once, also when a worker dies between two of them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { writeKey } from '#activities/calendar/holds.ts';
import { type CalendarEvent, type CalendarPort, plainEvent } from '#activities/calendar/port.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import {
  connectGoogle,
  effectContext,
  effectKey,
  type GoogleSetup,
  stepContext,
} from './google-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

const bob = 'bob.keller@office.example.com';
const zone = 'Europe/Berlin';
const dayMs = 86_400_000;
let sandbox: Sandbox;
let google: GoogleSetup;
let port: CalendarPort;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  google = connectGoogle(sandbox);
  port = await google.calendar(sandbox.office.main.email);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
});
afterEach(() => {
  expect(google.violations).toEqual([]);
});

const handler = (tool: EffectToolName) =>
  createCalendarHandlers(google).find((found) => found.tool === tool)!;
const prepare = (tool: EffectToolName, input: JsonObject) =>
  handler(tool).prepare(stepContext(sandbox), input);
const context = (name: string) => effectContext(stepContext(sandbox), name);
const counts = async (name: string, key = effectKey(name)) => {
  const rows = await askOracle<EffectRow[]>(sandbox, 'effects');
  const own = rows.filter((row) => row.key === key);
  return Object.fromEntries(own.map(({ operation, count }) => [operation, count]));
};
const lose = (method: string, pathRegex: string) =>
  setFault(sandbox, { match: { method, pathRegex }, times: 1, action: 'drop_after_commit' });
const startMs = Date.parse('2026-10-18T06:00:00+02:00');
const series = async (name: string, rule = 'FREQ=DAILY;COUNT=6') => {
  const made = await port.insertEvent({
    ...plainEvent,
    effectKey: effectKey(name),
    title: name,
    start: '2026-10-18T06:00:00+02:00',
    end: '2026-10-18T06:30:00+02:00',
    zone,
    guests: [bob],
    location: 'Here',
    description: null,
    recurrence: { rule, excluded: [] },
  });
  return { made, occurrences: await occurrencesOf(made.id) };
};
const occurrencesOf = async (seriesId: string): Promise<CalendarEvent[]> => {
  const window = { fromMs: startMs, toMs: startMs + 40 * dayMs, zone, limit: 100 };
  return (await port.occurrences({ seriesId, ...window })).events;
};
const localStarts = (events: readonly CalendarEvent[]) =>
  events.map((event) =>
    new Date(event.startMs).toLocaleString('sv', { timeZone: zone }).slice(5, 16),
  );

describe('createEvent', () => {
  it('repeats as said, in wall-clock time over the change of the clock', async () => {
    const { payload, card } = await prepare('createEvent', {
      title: 'Weekly',
      start: '2026-10-22T10:00',
      durationMinutes: 30,
      guests: [bob],
      rooms: ['room-aurora@office.example.com'],
      repeat: { every: 'week', weekdays: ['mon'], count: 3 },
      conference: true,
    });
    expect(card.warnings).toContain('it first happens on the first day that fits');
    const receipt = await handler('createEvent').perform(payload, context('weekly'));
    expect(receipt['conferenceLink']).toMatch(/^https:/);
    const found = await occurrencesOf(receipt['eventId'] as string);
    expect(localStarts(found)).toEqual(['10-26 10:00', '11-02 10:00', '11-09 10:00']);
    const room = found[0]!.rooms[0]!;
    expect(room).toMatchObject({ email: 'room-aurora@office.example.com', response: 'accepted' });
    expect(found[0]!.reminderMinutes).toBe(15);
  });

  it('takes whole days, and shows what is there then', async () => {
    const input = { title: 'Away', start: 'between 26 and 28 October', allDay: true, guests: [] };
    const { payload, card } = await prepare('createEvent', input);
    expect(payload).toMatchObject({
      start: '2026-10-26',
      end: '2026-10-29',
      reminderMinutes: null,
    });
    expect(card.warnings.length).toBeGreaterThan(0);
    const receipt = await handler('createEvent').perform(payload, context('away'));
    const event = await port.getEvent(receipt['eventId'] as string, zone);
    expect(event!.allDay).toEqual({ from: '2026-10-26', to: '2026-10-29' });
    const fields = { title: 'x', start: 'tomorrow 14:00-16:00', allDay: true, guests: [] };
    await expect(prepare('createEvent', fields)).rejects.toThrow(/whole days/);
  });
});

describe('a change of a series', () => {
  it('moves every occurrence by a time of day alone, and back', async () => {
    const { made, occurrences } = await series('all');
    const input = { eventId: occurrences[2]!.id, start: '7:30', scope: 'all' };
    const { payload, card } = await prepare('moveEvent', input);
    expect(payload).toMatchObject({ kind: 'updateEvent', eventId: made.id, instances: 6 });
    expect(card.lines).toContainEqual({
      label: 'Reach',
      value: '1 guest; up to 1 mail; 6 occurrences',
    });
    const receipt = await handler('moveEvent').perform(payload, context('all.do'));
    const moved = await occurrencesOf(made.id);
    expect(localStarts(moved)[0]).toBe('10-18 07:30');
    expect(moved).toHaveLength(6);
    await handler('moveEvent').undo!(payload, receipt, context('all.undo'));
    await handler('moveEvent').undo!(payload, receipt, context('all.undo'));
    expect(localStarts(await occurrencesOf(made.id))[0]).toBe('10-18 06:00');
    expect(await counts('all.undo')).toEqual({ 'events.patch': 1 });
  });

  it('changes this and the following: two series, each occurrence once', async () => {
    const { made, occurrences } = await series('following');
    await port.deleteEvent({
      effectKey: effectKey('following.gone'),
      eventId: occurrences[4]!.id,
      etag: occurrences[4]!.etag,
      notify: false,
    });
    const input = {
      eventId: occurrences[2]!.id,
      start: '9:00',
      title: 'Later',
      scope: 'following',
    };
    const { payload, card } = await prepare('updateEvent', input);
    expect(card.lines).toContainEqual({
      label: 'Reach',
      value: '1 guest; up to 2 mails; 3 occurrences',
    });
    const receipt = await handler('updateEvent').perform(payload, context('f.do'));
    const first = await occurrencesOf(made.id);
    const second = await occurrencesOf(receipt['eventId'] as string);
    expect(localStarts(first)).toEqual(['10-18 06:00', '10-19 06:00']);
    // The one that was taken out stays out.
    expect(localStarts(second)).toEqual(['10-20 09:00', '10-21 09:00', '10-23 09:00']);
    expect(second[0]).toMatchObject({ title: 'Later', location: 'Here' });
    expect(second[0]!.guests.map(({ email }) => email)).toEqual([bob]);
    expect(await counts('f.do')).toEqual({ 'events.insert': 1, 'events.patch': 1 });
    await handler('updateEvent').undo!(payload, receipt, context('f.undo'));
    await handler('updateEvent').undo!(payload, receipt, context('f.undo'));
    expect(await occurrencesOf(made.id)).toHaveLength(6);
    const gone = await port.getEvent(receipt['eventId'] as string, zone);
    expect(gone!.cancelled).toBe(true);
    expect(await counts('f.undo')).toEqual({ 'events.patch': 1, 'events.delete': 1 });
  });

  it.each([
    ['the second half', 'POST', '/events'],
    ['the end of the first', 'PATCH', '/events/'],
  ])('is completed when the answer to %s is lost', async (name, method, path) => {
    const { made, occurrences } = await series(`lost ${name}`);
    const input = { eventId: occurrences[3]!.id, title: 'New', scope: 'following' };
    const { payload } = await prepare('updateEvent', input);
    const key = `lost ${name}.do`;
    await lose(method, path);
    await expect(handler('updateEvent').perform(payload, context(key))).rejects.toThrow(
      UnknownOutcomeError,
    );
    const found = await handler('updateEvent').reconcile(payload, context(key));
    const receipt =
      found.found === 'done'
        ? found.receipt
        : await handler('updateEvent').perform(payload, context(key));
    expect(found.found).toBe(method === 'POST' ? 'absent' : 'done');
    expect(await occurrencesOf(made.id)).toHaveLength(3);
    expect(await occurrencesOf(receipt['eventId'] as string)).toHaveLength(3);
    expect(await counts(key)).toEqual({ 'events.insert': 1, 'events.patch': 1 });
    const again = await handler('updateEvent').reconcile(payload, context(key));
    expect(again).toMatchObject({ found: 'done', receipt: { eventId: receipt['eventId'] } });
  });

  it('leaves nothing behind when somebody changes the series between the two writes', async () => {
    const { made, occurrences } = await series('raced');
    const input = { eventId: occurrences[3]!.id, title: 'New', scope: 'following' };
    const { payload } = await prepare('updateEvent', input);
    await lose('POST', '/events');
    const act = () => handler('updateEvent').perform(payload, context('raced.do'));
    await expect(act()).rejects.toThrow(UnknownOutcomeError);
    const now = (await port.getEvent(made.id, zone))!;
    await port.updateEvent({
      effectKey: effectKey('raced.other'),
      eventId: made.id,
      etag: now.etag,
      notify: false,
      patch: { title: 'Somebody else' },
    });
    expect(await handler('updateEvent').reconcile(payload, context('raced.do'))).toEqual({
      found: 'absent',
    });
    await expect(act()).rejects.toMatchObject({ type: 'PreconditionFailedError' });
    expect(await occurrencesOf(made.id)).toHaveLength(6);
    const second = await port.findCreated(effectKey('raced.do'), zone);
    expect(second!.cancelled).toBe(true);
  });

  it('ends a series early and lets it go on again', async () => {
    const { made, occurrences } = await series('ended', 'FREQ=DAILY');
    const input = { eventId: occurrences[2]!.id, scope: 'following' };
    const { payload, card } = await prepare('cancelEvent', input);
    expect(card.title).toBe('Cancel this and all later occurrences of "ended"');
    expect(card.lines.at(-2)!.value).toContain('occurrences without an end');
    const receipt = await handler('cancelEvent').perform(payload, context('ended.do'));
    expect(await occurrencesOf(made.id)).toHaveLength(2);
    expect(await counts('ended.do')).toEqual({ 'events.patch': 1 });
    await handler('cancelEvent').undo!(payload, receipt, context('ended.undo'));
    expect((await occurrencesOf(made.id)).length).toBeGreaterThan(30);
  });

  it('cancels one occurrence or the whole series, and brings the series back', async () => {
    const { made, occurrences } = await series('whole');
    const one = await prepare('cancelEvent', { eventId: occurrences[1]!.id });
    await handler('cancelEvent').perform(one.payload, context('whole.one'));
    expect(await occurrencesOf(made.id)).toHaveLength(5);
    const input = { eventId: occurrences[3]!.id, scope: 'all' };
    const { payload } = await prepare('cancelEvent', input);
    const receipt = await handler('cancelEvent').perform(payload, context('whole.do'));
    expect(await occurrencesOf(made.id)).toHaveLength(0);
    const back = await handler('cancelEvent').undo!(payload, receipt, context('whole.undo'));
    expect(await occurrencesOf(back['eventId'] as string)).toHaveLength(6);
  });

  it('refuses what it cannot do with a sentence', async () => {
    const { made, occurrences } = await series('refused');
    const eventId = occurrences[1]!.id;
    const repeat = { every: 'week' };
    await expect(prepare('updateEvent', { eventId, repeat })).rejects.toThrow(/does not repeat/);
    await expect(prepare('updateEvent', { eventId: made.id, title: 'x' })).rejects.toThrow(
      /whole series/,
    );
    await expect(prepare('updateEvent', { eventId, title: 'refused' })).rejects.toThrow(/Nothing/);
    const weekdays = await series('weekdays', 'FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=6');
    const move = { eventId: weekdays.occurrences[1]!.id, start: '2026-10-23 09:00', scope: 'all' };
    await expect(prepare('moveEvent', move)).rejects.toThrow(/needs the new repetition/);
  });
});

describe('updateEvent', () => {
  it('shows what changes, tells guests only of what they see, and is found when lost', async () => {
    const { occurrences } = await series('edited');
    const eventId = occurrences[1]!.id;
    const quiet = await prepare('updateEvent', { eventId, reminderMinutes: 5, showAs: 'free' });
    expect(quiet.recipients).toEqual([]);
    const input = { eventId, title: 'Edited', addGuests: ['x@elsewhere.example.net'] };
    const { payload, card, recipients } = await prepare('updateEvent', input);
    expect(recipients).toEqual([bob, 'x@elsewhere.example.net']);
    expect(card.lines).toContainEqual({ label: 'Title', value: 'edited → Edited' });
    expect(card.warnings).toContain('Outside your organisation: x@elsewhere.example.net.');
    await lose('PATCH', '/events/');
    const act = () => handler('updateEvent').perform(payload, context('edited.do'));
    await expect(act()).rejects.toThrow(UnknownOutcomeError);
    const found = await handler('updateEvent').reconcile(payload, context('edited.do'));
    if (found.found !== 'done') throw new Error('not found');
    expect(await counts('edited.do')).toEqual({ 'events.patch': 1 });
    await handler('updateEvent').undo!(payload, found.receipt, context('edited.undo'));
    const event = await port.getEvent(eventId, zone);
    expect(event).toMatchObject({ title: 'edited' });
    expect(event!.guests.map(({ email }) => email)).toEqual([bob]);
  });
});

describe('moveEvent', () => {
  it('shows what is in the way of the new time', async () => {
    const { occurrences } = await series('mover', 'FREQ=DAILY;COUNT=1');
    const other = await series('in the way', 'FREQ=DAILY;COUNT=1');
    const eventId = occurrences[0]!.id;
    const { payload, card } = await prepare('moveEvent', { eventId, start: '2026-10-18T06:15' });
    expect(payload['conflicts']).toContainEqual(
      expect.objectContaining({ eventId: other.occurrences[0]!.id }),
    );
    expect(card.warnings.some((text) => text.startsWith('You have "in the way" then'))).toBe(true);
    await port.insertEvent({
      ...plainEvent,
      effectKey: effectKey('fresh conflict'),
      title: 'Fresh',
      start: '2026-10-18T06:20:00+02:00',
      end: '2026-10-18T06:40:00+02:00',
      zone,
      guests: [],
      location: null,
      description: null,
    });
    const fresh = handler('moveEvent').checkFresh!(payload, stepContext(sandbox));
    await expect(fresh).rejects.toMatchObject({ type: 'PreconditionFailedError' });
  });
});

describe('respondToInvitation', () => {
  it('answers once, is found when the answer was lost, and gives the earlier one again', async () => {
    const bobs = await google.calendar(bob);
    const asked = await bobs.insertEvent({
      ...plainEvent,
      effectKey: effectKey('invitation'),
      title: 'Invitation',
      start: '2026-10-19T05:00:00+02:00',
      end: '2026-10-19T05:30:00+02:00',
      zone,
      guests: [sandbox.office.main.email],
      location: null,
      description: null,
    });
    const input = { eventId: asked.id, response: 'accepted', comment: 'Gladly' };
    const { payload, recipients, card } = await prepare('respondToInvitation', input);
    expect([recipients, card.title]).toEqual([[bob], 'Accept "Invitation"']);
    const act = handler('respondToInvitation');
    await lose('PATCH', '/events/');
    await expect(act.perform(payload, context('answer'))).rejects.toThrow(UnknownOutcomeError);
    expect(await act.reconcile(payload, context('answer'))).toMatchObject({ found: 'done' });
    expect(await counts('answer')).toEqual({ 'events.patch': 1 });
    const seen = await bobs.getEvent(asked.id, zone);
    expect(seen!.guests[0]!.response).toBe('accepted');
    await expect(act.undo!(payload, {}, context('answer.undo'))).rejects.toThrow(/no earlier/);
    const second = await prepare('respondToInvitation', { ...input, response: 'declined' });
    await act.perform(second.payload, context('declined'));
    await act.undo!(second.payload, {}, context('declined.undo'));
    const again = await bobs.getEvent(asked.id, zone);
    expect(again!.guests[0]!.response).toBe('accepted');
    const own = await series('own', 'FREQ=DAILY;COUNT=1');
    const refused = prepare('respondToInvitation', { ...input, eventId: own.made.id });
    await expect(refused).rejects.toThrow(/You organise/);
  });
});

describe('holds', () => {
  const slots = ['2026-10-20T06:00', '2026-10-21T06:00', '2026-10-22T06:00'].map((start) => ({
    start,
  }));
  const hold = (title: string) => ({
    title,
    slots,
    durationMinutes: 30,
    expires: '2026-10-12 12:00',
  });
  const held = async (title: string) => {
    const { payload } = await prepare('holdSlots', hold(title));
    const receipt = await handler('holdSlots').perform(payload, context(title));
    return { payload, receipt, holds: receipt['holds'] as { eventId: string }[] };
  };
  const stateOf = async (eventId: string) => {
    const event = await port.getEvent(eventId, zone);
    return event!.cancelled ? 'gone' : `${event!.title} ${event!.showAs}`;
  };

  it('are made once each, also when a worker dies between two of them', async () => {
    const { payload, card } = await prepare('holdSlots', hold('Pitch'));
    expect(card.lines.map(({ label }) => label)).toContain('Slot 3');
    const act = handler('holdSlots');
    await lose('POST', '/events');
    await expect(act.perform(payload, context('Pitch'))).rejects.toThrow(UnknownOutcomeError);
    expect(await act.reconcile(payload, context('Pitch'))).toEqual({ found: 'absent' });
    const receipt = await act.perform(payload, context('Pitch'));
    expect(receipt['holds']).toHaveLength(3);
    for (const part of ['0', '1', '2']) {
      const key = writeKey(effectKey('Pitch'), part);
      expect(await counts('Pitch', key)).toEqual({ 'events.insert': 1 });
    }
    expect(await act.reconcile(payload, context('Pitch'))).toMatchObject({ found: 'done' });
  });

  it('become the event or go, each once, and come back', async () => {
    const { holds } = await held('Review');
    const chosen = { eventId: holds[1]!.eventId, keep: true, guests: [bob] };
    const { payload, card } = await prepare('releaseHolds', chosen);
    expect(card.lines.filter(({ label }) => label === 'Released')).toHaveLength(2);
    const act = handler('releaseHolds');
    await lose('DELETE', '/events/');
    await expect(act.perform(payload, context('choose'))).rejects.toThrow(UnknownOutcomeError);
    expect(await act.reconcile(payload, context('choose'))).toEqual({ found: 'absent' });
    const receipt = await act.perform(payload, context('choose'));
    expect(await act.reconcile(payload, context('choose'))).toMatchObject({ found: 'done' });
    expect(receipt).toMatchObject({ title: 'Review', event: { guests: [bob] } });
    const states = await Promise.all(holds.map(({ eventId }) => stateOf(eventId)));
    expect(states).toEqual(['gone', 'Review busy', 'gone']);
    expect(await counts('choose')).toEqual({ 'events.patch': 1 });
    const key = writeKey(effectKey('choose'), holds[0]!.eventId);
    expect(await counts('choose', key)).toEqual({ 'events.delete': 1 });
    const undone = await act.undo!(payload, receipt, context('choose.undo'));
    await act.undo!(payload, receipt, context('choose.undo'));
    expect(undone['held']).toHaveLength(2);
    expect(await stateOf(holds[1]!.eventId)).toBe('Hold: Review tentative');
  });

  it('are released by undoing, but not the one that was chosen', async () => {
    const { payload, receipt, holds } = await held('Kick-off');
    const chosen = await prepare('releaseHolds', { eventId: holds[0]!.eventId, keep: true });
    const { released: _released, ...rest } = chosen.payload;
    const onlyChosen = { ...rest, released: [] };
    await handler('releaseHolds').perform(onlyChosen, context('kick.choose'));
    const undone = await handler('holdSlots').undo!(payload, receipt, context('kick.undo'));
    expect(undone['released']).toEqual([holds[1]!.eventId, holds[2]!.eventId]);
    const states = await Promise.all(holds.map(({ eventId }) => stateOf(eventId)));
    expect(states).toEqual(['Kick-off busy', 'gone', 'gone']);
  });
});
