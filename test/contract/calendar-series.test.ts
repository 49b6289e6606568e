/** Series on both providers: every write once, also when a worker dies between two of them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainEvent } from '#activities/calendar/port.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { CalendarTools, localStarts, providers, zone } from './calendar-tools.ts';
import { effectKey } from './contexts.ts';

let tools: CalendarTools;

describe.each(providers)('on $name', (provider) => {
  beforeAll(async () => {
    tools = await CalendarTools.start(provider);
  });
  afterAll(() => tools[Symbol.asyncDispose]());
  beforeEach(() => tools.forgetFaults());
  afterEach(() => {
    expect(tools.connection.violations).toEqual([]);
  });

  describe('createEvent', () => {
    it('repeats as said, in wall-clock time over the change of the clock', async () => {
      const { payload, card } = await tools.prepare('createEvent', {
        title: 'Weekly',
        start: '2026-10-22T10:00',
        durationMinutes: 30,
        guests: [tools.colleague],
        rooms: ['room-aurora@office.example.com'],
        repeat: { every: 'week', weekdays: ['mon'], count: 3 },
        conference: true,
      });
      expect(card.warnings).toContain('it first happens on the first day that fits');
      const receipt = await tools.handler('createEvent').perform(payload, tools.context('weekly'));
      expect(receipt['conferenceLink']).toMatch(/^https:/);
      const found = await tools.occurrencesOf(receipt['eventId'] as string);
      expect(localStarts(found)).toEqual(['10-26 10:00', '11-02 10:00', '11-09 10:00']);
      const room = found[0]!.rooms[0]!;
      expect(room).toMatchObject({ email: 'room-aurora@office.example.com', response: 'accepted' });
      expect(found[0]!.reminderMinutes).toBe(15);
    });

    it('takes whole days, and shows what is there then', async () => {
      const input = { title: 'Away', start: 'between 26 and 28 October', allDay: true, guests: [] };
      const { payload, card } = await tools.prepare('createEvent', input);
      expect(payload).toMatchObject({
        start: '2026-10-26',
        end: '2026-10-29',
        reminderMinutes: null,
      });
      expect(card.warnings.length).toBeGreaterThan(0);
      const receipt = await tools.handler('createEvent').perform(payload, tools.context('away'));
      const event = await tools.port.getEvent(receipt['eventId'] as string, zone);
      expect(event!.allDay).toEqual({ from: '2026-10-26', to: '2026-10-29' });
      const fields = { title: 'x', start: 'tomorrow 14:00-16:00', allDay: true, guests: [] };
      await expect(tools.prepare('createEvent', fields)).rejects.toThrow(/whole days/);
    });
  });

  describe('a change of a series', () => {
    it('moves every occurrence by a time of day alone, and back', async () => {
      const { made, occurrences } = await tools.series('all');
      const input = { eventId: occurrences[2]!.id, start: '7:30', scope: 'all' };
      const { payload, card } = await tools.prepare('moveEvent', input);
      expect(payload).toMatchObject({ kind: 'updateEvent', eventId: made.id, instances: 6 });
      expect(card.lines).toContainEqual({
        label: 'Reach',
        value: '1 guest; up to 1 mail; 6 occurrences',
      });
      const receipt = await tools.handler('moveEvent').perform(payload, tools.context('all.do'));
      const moved = await tools.occurrencesOf(made.id);
      expect(localStarts(moved)[0]).toBe('10-18 07:30');
      expect(moved).toHaveLength(6);
      await tools.handler('moveEvent').undo!(payload, receipt, tools.context('all.undo'));
      await tools.handler('moveEvent').undo!(payload, receipt, tools.context('all.undo'));
      expect(localStarts(await tools.occurrencesOf(made.id))[0]).toBe('10-18 06:00');
      expect(await tools.counts('all.undo')).toEqual({ 'events.patch': 1 });
    });

    it('changes this and the following: two series, each occurrence once', async () => {
      const { made, occurrences } = await tools.series('following');
      await tools.port.deleteEvent({
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
      const { payload, card } = await tools.prepare('updateEvent', input);
      expect(card.lines).toContainEqual({
        label: 'Reach',
        value: '1 guest; up to 2 mails; 3 occurrences',
      });
      const receipt = await tools.handler('updateEvent').perform(payload, tools.context('f.do'));
      const first = await tools.occurrencesOf(made.id);
      const second = await tools.occurrencesOf(receipt['eventId'] as string);
      expect(localStarts(first)).toEqual(['10-18 06:00', '10-19 06:00']);
      // The one that was taken out stays out.
      expect(localStarts(second)).toEqual(['10-20 09:00', '10-21 09:00', '10-23 09:00']);
      expect(second[0]).toMatchObject({ title: 'Later', location: 'Here' });
      expect(second[0]!.guests.map(({ email }) => email)).toEqual([tools.colleague]);
      expect(await tools.counts('f.do')).toEqual({ 'events.insert': 1, 'events.patch': 1 });
      await tools.handler('updateEvent').undo!(payload, receipt, tools.context('f.undo'));
      await tools.handler('updateEvent').undo!(payload, receipt, tools.context('f.undo'));
      expect(await tools.occurrencesOf(made.id)).toHaveLength(5);
      expect(await tools.isGone(receipt['eventId'] as string)).toBe(true);
      expect(Object.values(await tools.counts('f.undo'))).toEqual([1, 1]);
    });

    it('starts from where the rule has an occurrence that was moved by itself', async () => {
      const { made, occurrences } = await tools.series('moved alone');
      const { payload: alone } = await tools.prepare('moveEvent', {
        eventId: occurrences[3]!.id,
        start: '2026-10-21T16:00',
      });
      await tools.handler('moveEvent').perform(alone, tools.context('alone.move'));
      const input = { eventId: occurrences[3]!.id, durationMinutes: 60, scope: 'following' };
      const { payload, card } = await tools.prepare('updateEvent', input);
      expect(payload).toMatchObject({ start: '2026-10-21T06:00:00+02:00', instances: 3 });
      const whole = await tools.prepare('updateEvent', {
        eventId: occurrences[2]!.id,
        title: 'x',
        scope: 'following',
      });
      expect(whole.card.warnings).toContain(
        '1 of these occurrences was changed by itself; that is lost.',
      );
      expect(card.warnings.join()).toContain('1 of these occurrences was changed by itself');
      const receipt = await tools
        .handler('updateEvent')
        .perform(payload, tools.context('alone.do'));
      const second = await tools.occurrencesOf(receipt['eventId'] as string);
      expect(localStarts(second)).toEqual(['10-21 06:00', '10-22 06:00', '10-23 06:00']);
      expect(second[0]!.endMs - second[0]!.startMs).toBe(3_600_000);
      expect(await tools.occurrencesOf(made.id)).toHaveLength(3);
    });

    it.each([
      ['the second half', 'POST', '/events'],
      ['the end of the first', 'PATCH', '/events/'],
    ])('is completed when the answer to %s is lost', async (name, method, path) => {
      const { made, occurrences } = await tools.series(`lost ${name}`);
      const input = { eventId: occurrences[3]!.id, title: 'New', scope: 'following' };
      const { payload } = await tools.prepare('updateEvent', input);
      const key = `lost ${name}.do`;
      await tools.lose(method, path);
      await expect(
        tools.handler('updateEvent').perform(payload, tools.context(key)),
      ).rejects.toThrow(UnknownOutcomeError);
      const found = await tools.handler('updateEvent').reconcile(payload, tools.context(key));
      const receipt =
        found.found === 'done'
          ? found.receipt
          : await tools.handler('updateEvent').perform(payload, tools.context(key));
      expect(found.found).toBe(method === 'POST' ? 'absent' : 'done');
      expect(await tools.occurrencesOf(made.id)).toHaveLength(3);
      expect(await tools.occurrencesOf(receipt['eventId'] as string)).toHaveLength(3);
      expect(await tools.counts(key)).toEqual({ 'events.insert': 1, 'events.patch': 1 });
      const again = await tools.handler('updateEvent').reconcile(payload, tools.context(key));
      expect(again).toMatchObject({ found: 'done', receipt: { eventId: receipt['eventId'] } });
    });

    it('leaves nothing behind when somebody changes the series between the two writes', async () => {
      const { made, occurrences } = await tools.series('raced');
      const input = { eventId: occurrences[3]!.id, title: 'New', scope: 'following' };
      const { payload } = await tools.prepare('updateEvent', input);
      await tools.lose('POST', '/events');
      const act = () => tools.handler('updateEvent').perform(payload, tools.context('raced.do'));
      await expect(act()).rejects.toThrow(UnknownOutcomeError);
      const now = (await tools.port.getEvent(made.id, zone))!;
      await tools.port.updateEvent({
        effectKey: effectKey('raced.other'),
        eventId: made.id,
        etag: now.etag,
        notify: false,
        patch: { title: 'Somebody else' },
      });
      expect(
        await tools.handler('updateEvent').reconcile(payload, tools.context('raced.do')),
      ).toEqual({
        found: 'absent',
      });
      await expect(act()).rejects.toMatchObject({ type: 'PreconditionFailedError' });
      expect(await tools.occurrencesOf(made.id)).toHaveLength(6);
      const second = await tools.port.findCreated(effectKey('raced.do'), zone);
      expect(second === null || second.cancelled).toBe(true);
    });

    it('ends a series early and lets it go on again', async () => {
      const { made, occurrences } = await tools.series('ended', 'FREQ=DAILY');
      const input = { eventId: occurrences[2]!.id, scope: 'following' };
      const { payload, card } = await tools.prepare('cancelEvent', input);
      expect(card.title).toBe('Cancel this and all later occurrences of "ended"');
      expect(card.lines.at(-2)!.value).toContain('occurrences without an end');
      const receipt = await tools
        .handler('cancelEvent')
        .perform(payload, tools.context('ended.do'));
      expect(await tools.occurrencesOf(made.id)).toHaveLength(2);
      expect(await tools.counts('ended.do')).toEqual({ 'events.patch': 1 });
      await tools.handler('cancelEvent').undo!(payload, receipt, tools.context('ended.undo'));
      expect((await tools.occurrencesOf(made.id)).length).toBeGreaterThan(30);
    });

    it('cancels one occurrence or the whole series, and brings the series back', async () => {
      const { made, occurrences } = await tools.series('whole');
      const one = await tools.prepare('cancelEvent', { eventId: occurrences[1]!.id });
      await tools.handler('cancelEvent').perform(one.payload, tools.context('whole.one'));
      expect(await tools.occurrencesOf(made.id)).toHaveLength(5);
      const input = { eventId: occurrences[3]!.id, scope: 'all' };
      const { payload } = await tools.prepare('cancelEvent', input);
      const receipt = await tools
        .handler('cancelEvent')
        .perform(payload, tools.context('whole.do'));
      expect(await tools.isGone(made.id)).toBe(true);
      const back = await tools.handler('cancelEvent').undo!(
        payload,
        receipt,
        tools.context('whole.undo'),
      );
      // The one that was taken out stays out.
      expect(await tools.occurrencesOf(back['eventId'] as string)).toHaveLength(5);
    });

    it('brings a private event back as a private one', async () => {
      const start = '2026-10-18T06:00:00+02:00';
      const made = await tools.port.insertEvent({
        ...plainEvent,
        effectKey: effectKey('secret'),
        title: 'Secret',
        start,
        end: '2026-10-18T06:30:00+02:00',
        zone,
        guests: [],
        location: null,
        description: null,
        private: true,
        showAs: 'tentative',
      });
      const cancel = tools.handler('cancelEvent');
      const { payload } = await tools.prepare('cancelEvent', { eventId: made.id });
      const receipt = await cancel.perform(payload, tools.context('secret.do'));
      const back = await cancel.undo!(payload, receipt, tools.context('secret.undo'));
      const event = await tools.port.getEvent(back['eventId'] as string, zone);
      expect(event).toMatchObject({ private: true, showAs: 'tentative' });
    });

    it('refuses what it cannot do with a sentence', async () => {
      const { made, occurrences } = await tools.series('refused');
      const eventId = occurrences[1]!.id;
      const repeat = { every: 'week' };
      await expect(tools.prepare('updateEvent', { eventId, repeat })).rejects.toThrow(
        /does not repeat/,
      );
      await expect(tools.prepare('updateEvent', { eventId: made.id, title: 'x' })).rejects.toThrow(
        /whole series/,
      );
      await expect(tools.prepare('updateEvent', { eventId, title: 'refused' })).rejects.toThrow(
        /Nothing/,
      );
      const weekdays = await tools.series('weekdays', 'FREQ=WEEKLY;BYDAY=MO,TU,SU;COUNT=6');
      const move = {
        eventId: weekdays.occurrences[1]!.id,
        start: '2026-10-23 09:00',
        scope: 'all',
      };
      await expect(tools.prepare('moveEvent', move)).rejects.toThrow(/needs the new repetition/);
    });
  });
});
