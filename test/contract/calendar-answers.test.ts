/** Edits, answers and holds on both providers: every write once, and undone by its own. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newHold, writeKey } from '#activities/calendar/holds.ts';
import { plainEvent } from '#activities/calendar/port.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { CalendarTools, providers, zone } from './calendar-tools.ts';
import { effectKey } from './contexts.ts';
import { setFault } from './sandbox-clients.ts';

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

  describe('updateEvent', () => {
    it('shows what changes, tells guests only of what they see, and is found when lost', async () => {
      const { occurrences } = await tools.series('edited');
      const eventId = occurrences[1]!.id;
      const quiet = await tools.prepare('updateEvent', {
        eventId,
        reminderMinutes: 5,
        showAs: 'free',
      });
      expect(quiet.recipients).toEqual([]);
      const input = { eventId, title: 'Edited', addGuests: ['x@elsewhere.example.net'] };
      const { payload, card, recipients } = await tools.prepare('updateEvent', input);
      expect(recipients).toEqual([tools.colleague, 'x@elsewhere.example.net']);
      expect(card.lines).toContainEqual({ label: 'Title', value: 'edited → Edited' });
      expect(card.warnings).toContain('Outside your organisation: x@elsewhere.example.net.');
      await tools.lose('PATCH', '/events/');
      const act = () => tools.handler('updateEvent').perform(payload, tools.context('edited.do'));
      await expect(act()).rejects.toThrow(UnknownOutcomeError);
      const found = await tools
        .handler('updateEvent')
        .reconcile(payload, tools.context('edited.do'));
      if (found.found !== 'done') throw new Error('not found');
      expect(await tools.counts('edited.do')).toEqual({ 'events.patch': 1 });
      await tools.handler('updateEvent').undo!(
        payload,
        found.receipt,
        tools.context('edited.undo'),
      );
      const event = await tools.port.getEvent(eventId, zone);
      expect(event).toMatchObject({ title: 'edited' });
      expect(event!.guests.map(({ email }) => email)).toEqual([tools.colleague]);
    });
  });

  describe('moveEvent', () => {
    it('shows what is in the way of the new time', async () => {
      const { occurrences } = await tools.series('mover', 'FREQ=DAILY;COUNT=1');
      const other = await tools.series('in the way', 'FREQ=DAILY;COUNT=1');
      const eventId = occurrences[0]!.id;
      const { payload, card } = await tools.prepare('moveEvent', {
        eventId,
        start: '2026-10-18T06:15',
      });
      expect(payload['conflicts']).toContainEqual(
        expect.objectContaining({ eventId: other.occurrences[0]!.id }),
      );
      expect(card.warnings.some((text) => text.startsWith('You have "in the way" then'))).toBe(
        true,
      );
      await tools.port.insertEvent({
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
      const fresh = tools.handler('moveEvent').checkFresh!(payload, tools.step());
      await expect(fresh).rejects.toMatchObject({ type: 'PreconditionFailedError' });
    });
  });

  describe('respondToInvitation', () => {
    it('answers once, is found when the answer was lost, and gives the earlier one again', async () => {
      const bobs = tools.colleaguePort;
      const asked = await bobs.insertEvent({
        ...plainEvent,
        effectKey: effectKey('invitation'),
        title: 'Invitation',
        start: '2026-10-19T05:00:00+02:00',
        end: '2026-10-19T05:30:00+02:00',
        zone,
        guests: [tools.owner],
        location: null,
        description: null,
      });
      const window = { fromMs: asked.startMs, toMs: asked.endMs, zone, limit: 10 };
      const { events } = await tools.port.listEvents(window);
      const invitation = events.find(({ title }) => title === 'Invitation')!;
      const input = { eventId: invitation.id, response: 'accepted', comment: 'Gladly' };
      const { payload, recipients, card } = await tools.prepare('respondToInvitation', input);
      expect([recipients, card.title]).toEqual([[tools.colleague], 'Accept "Invitation"']);
      const act = tools.handler('respondToInvitation');
      await tools.lose(provider.answer.method, provider.answer.path);
      await expect(act.perform(payload, tools.context('answer'))).rejects.toThrow(
        UnknownOutcomeError,
      );
      expect(await act.reconcile(payload, tools.context('answer'))).toMatchObject({
        found: 'done',
      });
      expect(Object.values(await tools.counts('answer'))).toEqual([1]);
      const seen = await bobs.getEvent(asked.id, zone);
      expect(seen!.guests[0]!.response).toBe('accepted');
      await expect(act.undo!(payload, {}, tools.context('answer.undo'))).rejects.toThrow(
        /no earlier/,
      );
      const second = await tools.prepare('respondToInvitation', { ...input, response: 'declined' });
      await act.perform(second.payload, tools.context('declined'));
      const undo = () => act.undo!(second.payload, {}, tools.context('declined.undo'));
      if (provider.keepsDeclined) await undo();
      else await expect(undo()).rejects.toMatchObject({ type: 'ConflictError' });
      const again = await bobs.getEvent(asked.id, zone);
      expect(again!.guests[0]!.response).toBe(provider.keepsDeclined ? 'accepted' : 'declined');
      const own = await tools.series('own', 'FREQ=DAILY;COUNT=1');
      const refused = tools.prepare('respondToInvitation', { ...input, eventId: own.made.id });
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
      const { payload } = await tools.prepare('holdSlots', hold(title));
      const receipt = await tools.handler('holdSlots').perform(payload, tools.context(title));
      return { payload, receipt, holds: receipt['holds'] as { eventId: string }[] };
    };
    const slotOf = (day: string) => ({
      start: `${day}T08:00:00+02:00`,
      end: `${day}T08:30:00+02:00`,
    });
    const stateOf = async (eventId: string) => {
      const event = await tools.port.getEvent(eventId, zone);
      return event === null || event.cancelled ? 'gone' : `${event.title} ${event.showAs}`;
    };

    it('are made once each, also when a worker dies between two of them', async () => {
      const { payload, card } = await tools.prepare('holdSlots', hold('Pitch'));
      expect(card.lines.map(({ label }) => label)).toContain('Slot 3');
      const act = tools.handler('holdSlots');
      await tools.lose('POST', '/events');
      await expect(act.perform(payload, tools.context('Pitch'))).rejects.toThrow(
        UnknownOutcomeError,
      );
      expect(await act.reconcile(payload, tools.context('Pitch'))).toEqual({ found: 'absent' });
      const receipt = await act.perform(payload, tools.context('Pitch'));
      expect(receipt['holds']).toHaveLength(3);
      for (const part of ['0', '1', '2']) {
        const key = writeKey(effectKey('Pitch'), part);
        expect(await tools.counts('Pitch', key)).toEqual({ 'events.insert': 1 });
      }
      expect(await act.reconcile(payload, tools.context('Pitch'))).toMatchObject({ found: 'done' });
    });

    it('leave nothing behind when one of them is refused', async () => {
      const { payload } = await tools.prepare('holdSlots', hold('Refused'));
      const act = tools.handler('holdSlots');
      await tools.lose('POST', '/events');
      await expect(act.perform(payload, tools.context('Refused'))).rejects.toThrow(
        UnknownOutcomeError,
      );
      const key = writeKey(effectKey('Refused'), '0');
      const first = await tools.port.findCreated(key, zone);
      expect(first).not.toBeNull();
      const match = { method: 'POST', pathRegex: '/events' };
      await setFault(tools.sandbox, { match, action: 'status', status: 400 });
      await expect(act.perform(payload, tools.context('Refused'))).rejects.toMatchObject({
        type: 'InvalidInputError',
      });
      expect(await stateOf(first!.id)).toBe('gone');
    });

    it('become the event or go, each once, and come back', async () => {
      const { holds } = await held('Review');
      const chosen = { eventId: holds[1]!.eventId, keep: true, guests: [tools.colleague] };
      const { payload, card } = await tools.prepare('releaseHolds', chosen);
      expect(card.lines.filter(({ label }) => label === 'Released')).toHaveLength(2);
      const act = tools.handler('releaseHolds');
      await tools.lose('DELETE', '/events/');
      await expect(act.perform(payload, tools.context('choose'))).rejects.toThrow(
        UnknownOutcomeError,
      );
      expect(await act.reconcile(payload, tools.context('choose'))).toEqual({ found: 'absent' });
      const receipt = await act.perform(payload, tools.context('choose'));
      expect(await act.reconcile(payload, tools.context('choose'))).toMatchObject({
        found: 'done',
      });
      expect(receipt).toMatchObject({ title: 'Review', event: { guests: [tools.colleague] } });
      const states = await Promise.all(holds.map(({ eventId }) => stateOf(eventId)));
      expect(states).toEqual(['gone', 'Review busy', 'gone']);
      expect(await tools.counts('choose')).toEqual({ 'events.patch': 1 });
      const key = writeKey(effectKey('choose'), holds[0]!.eventId);
      expect(await tools.counts('choose', key)).toEqual({ 'events.delete': 1 });
      const undone = await act.undo!(payload, receipt, tools.context('choose.undo'));
      await act.undo!(payload, receipt, tools.context('choose.undo'));
      expect(undone['held']).toHaveLength(2);
      expect(await stateOf(holds[1]!.eventId)).toBe('Hold: Review tentative');
      const all = await tools.prepare('releaseHolds', { title: 'review' });
      expect(all.card.lines.filter(({ label }) => label === 'Released')).toHaveLength(3);
      await expect(tools.prepare('releaseHolds', { title: 'Nothing' })).rejects.toThrow(
        /Nothing is held/,
      );
    });

    it('come back at the time of an event with a link to meet online', async () => {
      const { holds } = await held('Demo');
      const { eventId } = holds[1]!;
      const asked = { eventId, keep: true, guests: [tools.colleague], conference: true };
      const { payload } = await tools.prepare('releaseHolds', asked);
      const act = tools.handler('releaseHolds');
      const receipt = await act.perform(payload, tools.context('online'));
      expect(receipt).toMatchObject({ event: { conferenceLink: expect.any(String) } });
      await act.undo!(payload, receipt, tools.context('online.undo'));
      await act.undo!(payload, receipt, tools.context('online.undo'));
      const all = await tools.prepare('releaseHolds', { title: 'Demo' });
      const { kept } = payload as { kept: { start: string } };
      const { released } = all.payload as { released: { start: string }[] };
      expect(released).toHaveLength(3);
      expect(released.map(({ start }) => Date.parse(start))).toContain(Date.parse(kept.start));
      const seen = await tools.port.listEvents({
        fromMs: Date.parse(kept.start),
        toMs: Date.parse(kept.start) + 60_000,
        zone,
        limit: 10,
      });
      const here = seen.events.filter(({ title }) => title.endsWith('Demo'));
      expect(here).toMatchObject([{ title: 'Hold: Demo', guests: [], conferenceLink: null }]);
    });

    it('are released by undoing, but not the one that was chosen', async () => {
      const { payload, receipt, holds } = await held('Kick-off');
      const chosen = await tools.prepare('releaseHolds', {
        eventId: holds[0]!.eventId,
        keep: true,
      });
      const { released: _released, ...rest } = chosen.payload;
      const onlyChosen = { ...rest, released: [] };
      await tools.handler('releaseHolds').perform(onlyChosen, tools.context('kick.choose'));
      const undone = await tools.handler('holdSlots').undo!(
        payload,
        receipt,
        tools.context('kick.undo'),
      );
      expect(undone['released']).toEqual([holds[1]!.eventId, holds[2]!.eventId]);
      const states = await Promise.all(holds.map(({ eventId }) => stateOf(eventId)));
      expect(states).toEqual(['Kick-off busy', 'gone', 'gone']);
    });

    it('are none once somebody is invited to them, and come back only where they went', async () => {
      const { payload, receipt, holds } = await held('Offsite');
      const { payload: release } = await tools.prepare('releaseHolds', { title: 'Offsite' });
      const meeting = (await tools.port.getEvent(holds[0]!.eventId, zone))!;
      await tools.port.updateEvent({
        effectKey: effectKey('offsite.guests'),
        eventId: meeting.id,
        etag: meeting.etag,
        notify: true,
        patch: { guests: [tools.colleague] },
      });
      const releasing = tools.handler('releaseHolds');
      const released = await releasing.perform(release, tools.context('offsite.release'));
      const back = await releasing.undo!(release, released, tools.context('offsite.back'));
      expect(back['held']).toHaveLength(2);
      await tools.handler('holdSlots').undo!(payload, receipt, tools.context('offsite.undo'));
      expect(await stateOf(meeting.id)).toBe('Hold: Offsite tentative');
    });

    it('of others are not released', async () => {
      const { holds } = await held('Board');
      const theirs = await tools.colleaguePort.insertEvent({
        ...newHold(effectKey('theirs'), 'Hold: Board', slotOf('2026-10-20'), zone),
        private: false,
        guests: [tools.owner],
      });
      const { payload } = await tools.prepare('releaseHolds', { title: 'Board' });
      const { released } = payload as { released: { eventId: string }[] };
      const ids = released.map(({ eventId }) => eventId);
      expect(ids).toEqual(holds.map(({ eventId }) => eventId));
      expect(ids).not.toContain(theirs.id);
    });
  });
});
