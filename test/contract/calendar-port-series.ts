/** The part of the calendar suite that is about series. */
import { expect, it } from 'vitest';
import type { CalendarPort, EventPrecondition, NewEvent } from '#activities/calendar/port.ts';
import { effectKey } from './contexts.ts';

const zone = 'Europe/Berlin';
const hourMs = 3_600_000;
/** In hours. */
const day = 24;

/** What the cases share with the rest of the suite; only there once the port is made. */
export interface CalendarScene {
  readonly port: CalendarPort;
  readonly startMs: number;
  /** An instant so many hours after the start. */
  at: (hours: number) => string;
  eventOf: (key: string) => NewEvent;
  change: (key: string, event: { id: string; etag: string }) => EventPrecondition;
}

/** Runs the cases. */
export function itKeepsSeries(scene: CalendarScene): void {
  const { at, eventOf, change } = scene;
  const series = (key: string, count = 4) =>
    scene.port.insertEvent({
      ...eventOf(key),
      recurrence: { rule: `FREQ=DAILY;COUNT=${count}`, excluded: [] },
    });
  const occurrencesOf = async (seriesId: string) => {
    const window = { fromMs: scene.startMs, toMs: scene.startMs + 10 * day * hourMs, zone };
    const { events } = await scene.port.occurrences({ seriesId, ...window, limit: 50 });
    return events;
  };

  it('keeps a series with its rule and gives its occurrences', async () => {
    const { port, startMs } = scene;
    const made = await series('series');
    expect(made).toMatchObject({ isSeries: true, recurringEventId: null, startMs });
    if (made.recurrence === null || made.recurrence === 'inexpressible') throw new Error('rule');
    expect(made.recurrence.rule).toContain('FREQ=DAILY');
    const found = await occurrencesOf(made.id);
    expect(found.map((event) => event.startMs)).toEqual(
      [0, 1, 2, 3].map((days) => startMs + days * day * hourMs),
    );
    for (const event of found) {
      expect(event).toMatchObject({ recurringEventId: made.id, isSeries: false });
      expect(event.originalStartMs).toBe(event.startMs);
      expect(event.recurrence).toBeNull();
    }
    expect(await port.getEvent(made.id, zone)).toMatchObject({ isSeries: true });
    const window = { fromMs: startMs, toMs: startMs + 10 * day * hourMs, zone };
    const few = await port.occurrences({ seriesId: made.id, ...window, limit: 2 });
    expect([few.events.length, few.truncated]).toEqual([2, true]);
  });

  it('makes a series with days left out, and finds it by its key', async () => {
    const { port, startMs } = scene;
    const made = await port.insertEvent({
      ...eventOf('gaps'),
      recurrence: { rule: 'FREQ=DAILY;COUNT=4', excluded: [at(day), at(3 * day)] },
    });
    const found = await occurrencesOf(made.id);
    expect(found.map((event) => event.startMs)).toEqual(
      [0, 2].map((days) => startMs + days * day * hourMs),
    );
    const { recurrence } = (await port.getEvent(made.id, zone))!;
    if (recurrence === null || recurrence === 'inexpressible') throw new Error('rule');
    expect(recurrence.excluded.map((start) => Date.parse(start))).toEqual(
      [1, 3].map((days) => startMs + days * day * hourMs),
    );
    expect(await port.findCreated(effectKey('gaps'), zone)).toMatchObject({ id: made.id });
  });

  it('changes and takes out one occurrence and leaves the others', async () => {
    const { port, startMs } = scene;
    const made = await series('one');
    const [first, second, third] = await occurrencesOf(made.id);
    const patch = { start: at(day + 2), end: at(day + 3), zone, title: 'Later' };
    const moved = await port.updateEvent({ ...change('one.move', second!), patch });
    expect(moved).toMatchObject({
      title: 'Later',
      startMs: startMs + (day + 2) * hourMs,
      originalStartMs: startMs + day * hourMs,
      recurringEventId: made.id,
    });
    await port.deleteEvent(change('one.drop', third!));
    const left = await occurrencesOf(made.id);
    expect(left.map(({ title }) => title)).toEqual(['Event one', 'Later', 'Event one']);
    expect(left[0]!.id).toBe(first!.id);
    const gone = await port.getEvent(third!.id, zone);
    expect(gone === null || gone.cancelled).toBe(true);
  });

  it('changes the rule of a whole series, and cancels it whole', async () => {
    const { port } = scene;
    const made = await series('all');
    const patch = { title: 'Fewer', recurrence: { rule: 'FREQ=DAILY;COUNT=2', excluded: [] } };
    const fewer = await port.updateEvent({ ...change('all.fewer', made), patch });
    const found = await occurrencesOf(made.id);
    expect(found.map(({ title }) => title)).toEqual(['Fewer', 'Fewer']);
    await port.deleteEvent(change('all.drop', fewer));
    const gone = await port.getEvent(made.id, zone);
    expect(gone === null || gone.cancelled).toBe(true);
  });
}
