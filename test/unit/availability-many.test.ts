/** Finding a time for many: wishes of each, rooms, travel, tentative meetings, fairness, advice. */
import { describe, expect, it } from 'vitest';
import {
  type BusyInterval,
  findSlots,
  type Participant,
  type SlotRequest,
} from '#activities/calendar/availability.ts';

const NINE_TO_FIVE = { days: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' };

/** On Tuesday 24 November 2026, in Berlin. */
function busy(from: string, to: string, more: Partial<BusyInterval> = {}): BusyInterval {
  const at = (time: string) => Date.parse(`2026-11-24T${time}+01:00`);
  return { startMs: at(from), endMs: at(to), ...more };
}

function person(name: string, more: Partial<Participant> = {}): Participant {
  return {
    email: `${name.toLowerCase()}@example.com`,
    name,
    zone: 'Europe/Berlin',
    workingHours: NINE_TO_FIVE,
    busy: [],
    required: true,
    ...more,
  };
}

function request(participants: Participant[], more: Partial<SlotRequest> = {}): SlotRequest {
  return {
    participants,
    fromMs: Date.parse('2026-11-24T00:00+01:00'),
    toMs: Date.parse('2026-11-25T00:00+01:00'),
    durationMinutes: 60,
    bufferMinutes: 0,
    stepMinutes: 30,
    organiserZone: 'Europe/Berlin',
    nowMs: Date.parse('2026-11-21T11:15+01:00'),
    limit: 1_000,
    ...more,
  };
}

const starts = (search: SlotRequest) =>
  findSlots(search)
    .slots.map(({ start }) => start.slice(11, 16))
    .sort();
const advice = (search: SlotRequest) =>
  findSlots(search).noneBecause!.relaxations.map(({ description }) => description);

describe('wishes of one person', () => {
  it('are on their own clock, and firm ones exclude', () => {
    const priya = person('Priya', {
      zone: 'Asia/Kolkata', // 4.5 hours ahead
      workingHours: { days: [1, 2, 3, 4, 5], start: '09:00', end: '21:00' },
      wishes: [{ kind: 'hours', from: '00:00', to: '18:00', hard: true }],
    });
    expect(starts(request([person('Ana'), priya])).at(-1)).toBe('12:30');
  });

  it('say what is met and what is missed when they are soft', () => {
    const wishes = [{ kind: 'part_of_day', part: 'afternoon', hard: false }] as const;
    const { slots } = findSlots(request([person('Ana', { wishes }), person('Ben')]));
    expect(slots).toHaveLength(15);
    expect(slots[0]!.start.slice(11, 16)).toBe('13:00');
    expect(slots[0]!.reasons).toContain('in the afternoon, as Ana wishes');
    expect(slots.at(-1)!.reasons).toContain('not in the afternoon, unlike Ana wishes');
  });

  it('take the place of the same wish for everyone', () => {
    const early = person('Ana', { wishes: [{ kind: 'gap', minutes: 60, hard: true }] });
    const search = (ana: Participant) =>
      starts(
        request([{ ...ana, busy: [busy('11:00', '12:00')] }], {
          wishes: [{ kind: 'gap', minutes: 30, hard: true }],
        }),
      );
    expect(search(person('Ana')).slice(0, 3)).toEqual(['09:00', '09:30', '12:30']);
    expect(search(early).slice(0, 2)).toEqual(['09:00', '13:00']);
  });

  it('keep everybody their lunch, each on their own clock', () => {
    const london = person('Tom', { zone: 'Europe/London' });
    const search = request([person('Ana'), london], {
      wishes: [{ kind: 'lunch', hard: true }],
    });
    // Noon to one in Berlin, and one to two there, which is noon to one in London.
    expect(starts(search)).toEqual('10:00 10:30 11:00 14:00 14:30 15:00 15:30 16:00'.split(' '));
  });
});

describe('time that is taken in part', () => {
  it('keeps time to travel around meetings elsewhere, and only around those', () => {
    const ana = person('Ana', {
      busy: [busy('11:00', '12:00', { elsewhere: true }), busy('14:00', '15:00')],
      travelMinutes: 30,
    });
    expect(starts(request([ana]))).toEqual([
      '09:00',
      '09:30',
      '12:30',
      '13:00',
      '15:00',
      '15:30',
      '16:00',
    ]);
  });

  it('counts a tentative meeting as busy, and offers to give it up when nothing else is free', () => {
    const full = person('Ana', {
      busy: [busy('09:00', '15:00'), busy('15:00', '17:00', { tentative: true })],
    });
    expect(advice(request([full, person('Ben')]))).toEqual([
      "over Ana's tentative meetings",
      'without Ana',
    ]);
  });
});

describe('hours that nobody knows', () => {
  it('are not assumed, and named with every slot', () => {
    const zed = person('Zed', { workingHours: 'unknown' });
    const evening = { days: [2], start: '18:00', end: '20:00' };
    const { slots } = findSlots(request([person('Ana', { workingHours: evening }), zed]));
    expect(slots.map(({ start }) => start.slice(11, 16))).toEqual(['18:00', '18:30', '19:00']);
    for (const { reasons } of slots) {
      expect(reasons.slice(0, 2)).toEqual([
        'inside all known working hours',
        'the working hours of Zed are not known',
      ]);
    }
  });
});

describe('rooms', () => {
  const morning = [busy('09:00', '13:00')];
  const afternoon = [busy('13:00', '17:00')];

  it('are required: one of them has to be free for the whole meeting', () => {
    const rooms = [
      { email: 'a@rooms.example.com', busy: morning },
      { email: 'b@rooms.example.com', busy: [...afternoon, busy('09:00', '11:30')] },
    ];
    const { slots } = findSlots(request([person('Ana')], { rooms }));
    const free = new Map(slots.map((slot) => [slot.start.slice(11, 16), slot.rooms]));
    // At half past twelve one room is free before one and the other after: neither for the meeting.
    expect([...free.keys()].sort()).toEqual(
      '11:30 12:00 13:00 13:30 14:00 14:30 15:00 15:30 16:00'.split(' '),
    );
    expect(free.get('12:00')).toEqual(['b@rooms.example.com']);
    expect(free.get('13:00')).toEqual(['a@rooms.example.com']);
  });

  it('are never assumed free, and can be given up', () => {
    const rooms = [{ email: 'a@rooms.example.com', busy: 'unknown' as const }];
    const result = findSlots(request([person('Ana')], { rooms }));
    expect(result.unknown).toEqual(['a@rooms.example.com']);
    expect(result.noneBecause).toMatchObject({ reason: 'no_room' });
    expect(result.noneBecause!.relaxations[0]).toMatchObject({
      description: 'without a room',
      example: { start: '2026-11-24T09:00:00+01:00' },
    });
  });
});

describe('fairness over zones', () => {
  /** Eight in the morning to eight in the evening everywhere. */
  const long = { days: [1, 2, 3, 4, 5], start: '08:00', end: '20:00' };
  const both = (turns: { ana?: number; dana?: number } = {}) =>
    request(
      [
        person('Ana', { workingHours: long, inconvenienced: turns.ana ?? 0 }),
        person('Dana', {
          workingHours: long,
          zone: 'America/New_York', // six hours behind
          inconvenienced: turns.dana ?? 0,
        }),
      ],
      { fairness: true, limit: 1 },
    );
  const best = (search: SlotRequest) => findSlots(search).slots[0]!.start.slice(11, 16);

  it('prefers the hour that is as far from midday for one as for the other', () => {
    // Both work until eight; the middle of the meeting is three hours from 14:00 for each.
    expect(best(both())).toBe('16:30');
    expect(best({ ...both(), fairness: false })).toBe('14:00');
  });

  it('spares whoever had the bad hour last time', () => {
    expect(best(both({ ana: 2 }))).toBe('15:30');
    // Half past five would be even, and over lunch in New York.
    expect(best(both({ dana: 2 }))).toBe('17:00');
  });
});

describe('advice when there is no time', () => {
  const half = [busy('09:00', '12:30'), busy('13:00', '17:00')];

  it('offers the longest shorter meeting that fits', () => {
    const { relaxations } = findSlots(request([person('Ana', { busy: half })])).noneBecause!;
    expect(relaxations[0]).toEqual({
      relax: [{ kind: 'duration', minutes: 30 }],
      description: 'with 30 instead of 60 minutes',
      example: { start: '2026-11-24T12:30:00+01:00', end: '2026-11-24T13:00:00+01:00' },
    });
  });

  it('names whose lunch, whose travel and which wish, and nothing that would not be enough', () => {
    const lunch = person('Carla', { wishes: [{ kind: 'lunch', hard: true }] });
    const noon = { days: [2], start: '12:00', end: '13:00' };
    expect(advice(request([person('Ana', { workingHours: noon }), lunch]))).toContain(
      "over Carla's lunch",
    );
    const travels = person('Dana', {
      busy: [busy('09:00', '12:00', { elsewhere: true }), busy('13:00', '17:00')],
      travelMinutes: 30,
    });
    expect(advice(request([travels]))).toContain("without Dana's time to travel");
    const friday = person('Eve', {
      wishes: [{ kind: 'weekdays', days: [1, 3, 4, 5, 6, 7], hard: true }],
    });
    expect(advice(request([friday]))).toContain('without Eve\'s wish "not on Tuesday"');
  });

  it('is exact for hundreds of people', () => {
    const full = busy('00:00', '23:00');
    const people = Array.from({ length: 400 }, (_, index) =>
      person(`P${index}`, { busy: index % 100 === 0 ? [full] : [] }),
    );
    const { relaxations } = findSlots(request(people)).noneBecause!;
    expect(relaxations[0]!.description).toBe(
      'without P0 and without P100 and without P200 and without P300',
    );
  });
});
