/** Guests and change tracking over the sandbox's Graph through the real client. */
import type { Event } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GraphClients, graphRefusal } from './graph-clients.ts';
import {
  alexEmail,
  copyOf,
  createEvent,
  danaEmail,
  type GraphScene,
  guest,
  startScene,
  storedId,
  times,
} from './graph-scene.ts';
import { askOracle, type Clients, type EffectRow, setKnobs } from './sandbox-clients.ts';

let scene: GraphScene;
let carla: GraphClients;
let dana: GraphClients;
let alex: Clients;

beforeAll(async () => {
  scene = await startScene();
  ({ carla, dana, alex } = scene);
});
afterAll(async () => scene[Symbol.asyncDispose]());
afterEach(() => scene.check());

const create = (body: object): Promise<Event> => createEvent(carla, { subject: 'Series', ...body });

describe('guests', () => {
  const invitation = async (): Promise<{ made: Event; copy: Event }> => {
    const made = await create({ ...times('2026-11-05'), attendees: [guest(danaEmail)] });
    return { made, copy: await copyOf(dana, made) };
  };
  const answers = async (id: string) =>
    ((await carla.api(`/me/events/${id}`).get()) as Event).attendees!.map(
      ({ status }) => status!.response,
    );

  it('answer, and the organizer hears of it', async () => {
    const { made, copy } = await invitation();
    expect(copy).toMatchObject({
      responseStatus: { response: 'notResponded' },
      showAs: 'tentative',
    });
    expect(await answers(made.id!)).toEqual(['none']);
    await dana
      .api(`/me/events/${copy.id}/tentativelyAccept`)
      .post({ comment: 'Maybe', sendResponse: true });
    expect(await answers(made.id!)).toEqual(['tentativelyAccepted']);
    await dana.api(`/me/events/${copy.id}/accept`).post({});
    expect(await answers(made.id!)).toEqual(['accepted']);
    const seen = (await dana.api(`/me/events/${copy.id}`).get()) as Event;
    expect(seen).toMatchObject({ responseStatus: { response: 'accepted' }, showAs: 'busy' });
    const effects = await askOracle<EffectRow[]>(scene.sandbox, 'effects');
    const own = effects.filter(
      ({ account, key }) => account === danaEmail && key === storedId(made.id!),
    );
    expect(own.map(({ operation, count }) => [operation, count])).toEqual([
      ['events.tentativelyAccept', 1],
      ['events.accept', 1],
    ]);
  });

  it('tell nobody when they say so', async () => {
    const { made, copy } = await invitation();
    await dana.api(`/me/events/${copy.id}/accept`).post({ sendResponse: false });
    expect(await answers(made.id!)).toEqual(['none']);
  });

  it.each([
    [false, 404],
    [true, 200],
  ])(
    'lose what they declined unless their mailbox keeps it (%s)',
    async (keepsDeclined, status) => {
      const { made, copy } = await invitation();
      await setKnobs(scene.sandbox, { keepsDeclined });
      await dana.api(`/me/events/${copy.id}/decline`).post({ comment: 'Sorry' });
      expect(await answers(made.id!)).toEqual(['declined']);
      const again = dana.api(`/me/events/${copy.id}`).get();
      expect(
        await again.then(
          () => 200,
          (error: { statusCode: number }) => error.statusCode,
        ),
      ).toBe(status);
      await setKnobs(scene.sandbox, { keepsDeclined: false });
    },
  );

  it('can neither cancel nor change a meeting, and its organizer cannot answer', async () => {
    const { made, copy } = await invitation();
    const path = `/me/events/${copy.id}`;
    expect(await graphRefusal(dana.api(`${path}/cancel`).post({}))).toMatchObject({ status: 400 });
    expect(await graphRefusal(dana.api(path).patch({ subject: 'Mine' }))).toEqual({
      status: 403,
      code: 'ErrorAccessDenied',
    });
    expect(((await dana.api(path).patch({ isReminderOn: false })) as Event).isReminderOn).toBe(
      false,
    );
    const own = carla.api(`/me/events/${made.id}/accept`).post({});
    expect(await graphRefusal(own)).toMatchObject({ status: 400 });
  });

  it('keep a cancelled meeting until they take it away, and leave without a word', async () => {
    const { made, copy } = await invitation();
    await carla.api(`/me/events/${made.id}/cancel`).post({ comment: 'Not needed' });
    const seen = (await dana.api(`/me/events/${copy.id}`).get()) as Event;
    expect(seen).toMatchObject({ isCancelled: true, subject: 'Canceled: Series' });
    await dana.api(`/me/events/${copy.id}`).delete();
    expect(await graphRefusal(dana.api(`/me/events/${copy.id}`).get())).toMatchObject({
      status: 404,
    });
    const other = await invitation();
    await dana.api(`/me/events/${other.copy.id}`).delete();
    expect(await answers(other.made.id!)).toEqual(['none']);
  });

  it('pass an invitation on', async () => {
    const { made, copy } = await invitation();
    const toRecipients = [{ emailAddress: { address: alexEmail, name: 'Alex Morgan' } }];
    await dana.api(`/me/events/${copy.id}/forward`).post({ toRecipients, comment: 'For you' });
    const event = await alex.calendar.events.get({
      calendarId: 'primary',
      eventId: storedId(made.id!),
    });
    expect(event.data.summary).toBe('Series');
  });
});

describe('change tracking', () => {
  interface Page {
    value: (Event & { '@removed'?: { reason: string } })[];
    '@odata.nextLink'?: string;
    '@odata.deltaLink'?: string;
  }
  const window = 'startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z';
  const round = async (first: string): Promise<{ items: Page['value']; link: string }> => {
    const items: Page['value'] = [];
    let link = first;
    for (;;) {
      const page = (await carla
        .api(link)
        .header('Prefer', 'odata.maxpagesize=7, IdType="ImmutableId"')
        .get()) as Page;
      items.push(...page.value);
      if (page['@odata.deltaLink']) return { items, link: page['@odata.deltaLink'] };
      expect(page.value).toHaveLength(7);
      link = page['@odata.nextLink']!;
    }
  };

  it('tells what came, what changed and what left, each once', async () => {
    const start = await round(`/me/calendarView/delta?${window}`);
    expect(start.items.length).toBeGreaterThan(20);
    expect((await round(start.link)).items).toEqual([]);
    const made = await create(times('2026-11-12'));
    const second = await round(start.link);
    expect(second.items.map(({ id }) => id)).toEqual([made.id]);
    await carla.api(`/me/events/${made.id}`).patch({ subject: 'Changed' });
    const third = await round(second.link);
    expect(third.items.map(({ subject }) => subject)).toEqual(['Changed']);
    await carla.api(`/me/events/${made.id}`).patch(times('2027-11-12'));
    expect((await round(third.link)).items).toEqual([
      { id: made.id, '@removed': { reason: 'deleted' } },
    ]);
  });

  it('refuses options and forgets old rounds', async () => {
    const select = carla.api(`/me/calendarView/delta?${window}&$select=subject`).get();
    expect(await graphRefusal(select)).toMatchObject({ status: 400 });
    const old = await round(`/me/calendarView/delta?${window}`);
    for (let count = 0; count < 6; count += 1) await round(`/me/calendarView/delta?${window}`);
    expect(await graphRefusal(carla.api(old.link).get())).toEqual({
      status: 410,
      code: 'SyncStateNotFound',
    });
  });
});
