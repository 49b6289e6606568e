/** Finding a time: what is promised about people, unread calendars, wishes, ranking and advice. */
import { describe, expect, it } from 'vitest';
import {
  allDayBusy,
  findSlots,
  mergeBusy,
  type BusyInterval,
  type Participant,
  type SlotRequest,
  type Wish,
} from '#activities/calendar/availability.ts';
import { dayNumber } from '#activities/calendar/zone-time.ts';

const WEEKDAYS = [1, 2, 3, 4, 5];
const NINE_TO_FIVE = { days: WEEKDAYS, start: '09:00', end: '17:00' };

function busy(from: string, to: string): BusyInterval {
  return { startMs: Date.parse(from), endMs: Date.parse(to) };
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

/** Tuesday 24 November 2026, in Berlin. */
function request(participants: Participant[], more: Partial<SlotRequest> = {}): SlotRequest {
  return {
    participants,
    fromMs: Date.parse('2026-11-24T00:00+01:00'),
    toMs: Date.parse('2026-11-25T00:00+01:00'),
    durationMinutes: 30,
    bufferMinutes: 15,
    stepMinutes: 15,
    organiserZone: 'Europe/Berlin',
    nowMs: Date.parse('2026-11-21T11:15+01:00'),
    limit: 1_000,
    ...more,
  };
}

const starts = (search: SlotRequest) => {
  const { slots } = findSlots(search);
  return slots.map((slot) => slot.start.slice(11, 16)).sort();
};

/** Busy for the whole working day but from 13:00 to 13:30. */
const HALF_AN_HOUR_FREE = [
  busy('2026-11-24T09:00+01:00', '2026-11-24T13:00+01:00'),
  busy('2026-11-24T13:30+01:00', '2026-11-24T17:00+01:00'),
];

describe('who has to be free', () => {
  it('keeps the buffer clear around other meetings, and not around working hours', () => {
    const taken = [busy('2026-11-24T10:00+01:00', '2026-11-24T16:00+01:00')];
    const search = request([person('Ana', { busy: taken })]);
    expect(starts(search)).toEqual(['09:00', '09:15', '16:15', '16:30']);
  });

  it('asks everybody required to be inside their own working hours', () => {
    const priya = person('Priya', { zone: 'Asia/Kolkata' });
    // 17:00 in Kolkata is 12:30 in Berlin.
    const found = starts(request([person('Ana'), priya]));
    expect([found[0], found.at(-1)]).toEqual(['09:00', '12:00']);
  });

  it('does not let an optional person take a time away, only rank it lower and say so', () => {
    const bob = person('Bob', {
      required: false,
      busy: [busy('2026-11-24T09:00+01:00', '2026-11-24T11:00+01:00')],
    });
    const { slots } = findSlots(request([person('Ana'), bob]));
    expect(slots).toHaveLength(31);
    const nine = slots.find((slot) => slot.start.includes('T09:00'))!;
    expect(nine.reasons.join()).toContain('Bob (optional) is busy');
    expect(nine.perPerson[1]).toMatchObject({ availability: 'busy', insideWorkingHours: true });
    expect(slots[0]!.start).toBe('2026-11-24T11:15:00+01:00');
  });

  it('blocks the local day of an all-day event, 25 hours when clocks go back', () => {
    const day = dayNumber(2026, 10, 25);
    const { startMs, endMs } = allDayBusy(day, day + 1, 'Europe/Berlin');
    expect((endMs - startMs) / 3_600_000).toBe(25);
    const off = person('Ana', {
      busy: [allDayBusy(dayNumber(2026, 11, 24), dayNumber(2026, 11, 25), 'Europe/Berlin')],
    });
    expect(findSlots(request([off])).slots).toEqual([]);
  });

  it('never offers a start that has passed', () => {
    const nowMs = Date.parse('2026-11-24T16:07+01:00');
    expect(starts(request([person('Ana')], { nowMs }))).toEqual(['16:15', '16:30']);
  });

  it('puts the grid on the wall clock of the organiser, also in a zone off the half hour', () => {
    const organiserZone = 'Asia/Kathmandu';
    const search = request([person('Ana')], { organiserZone, stepMinutes: 60 });
    expect(starts(search)[0]).toBe('14:00');
  });
});

describe('a calendar that could not be read', () => {
  const carla = person('Carla', { busy: 'unknown' });

  it('is never offered as free when its owner is required', () => {
    const result = findSlots(request([person('Ana'), carla]));
    expect(result.slots).toEqual([]);
    expect(result.unknown).toEqual(['carla@example.com']);
    expect(result.noneBecause).toMatchObject({ reason: 'calendar_unknown' });
    expect(result.noneBecause!.message).toContain('Carla');
    const advice = result.noneBecause!.relaxations.find((relaxation) =>
      relaxation.relax.some((item) => item.kind === 'calendar_unknown'),
    );
    expect(advice).toBeDefined();
    expect(advice).not.toHaveProperty('example');
  });

  it('is flagged in every slot, and ranked lowest, when unknown calendars are allowed', () => {
    const known = findSlots(request([person('Ana')]));
    const result = findSlots(request([person('Ana'), carla], { allowUnknown: true }));
    expect(result.slots.length).toBeGreaterThan(0);
    for (const slot of result.slots) {
      expect(slot.reasons).toContain("Carla's calendar could not be read");
      expect(slot.perPerson[1]!.availability).toBe('unknown');
      expect(slot.score).toBeLessThan(known.slots.at(-1)!.score);
    }
    expect(result.unknown).toEqual(['carla@example.com']);
  });

  it('is listed and named in the reasons when its owner is optional', () => {
    const result = findSlots(request([person('Ana'), { ...carla, required: false }]));
    expect(result.slots.length).toBeGreaterThan(0);
    expect(result.unknown).toEqual(['carla@example.com']);
    expect(result.slots[0]!.reasons).toContain("Carla's calendar could not be read");
  });

  it.each([
    ['ends before it starts', { startMs: 2, endMs: 1 }],
    ['is not a number', { startMs: Number.NaN, endMs: 1 }],
    ['never ends', { startMs: 0, endMs: Infinity }],
  ])('includes one with an interval that %s', (_, nonsense) => {
    const result = findSlots(request([person('Ana', { busy: [nonsense] })]));
    expect(result.slots).toEqual([]);
    expect(result.unknown).toEqual(['ana@example.com']);
    expect(() => mergeBusy([nonsense])).toThrow(RangeError);
  });
});

describe('wishes', () => {
  it('rank what matches first and say what does not, when soft', () => {
    const { slots } = findSlots(
      request([person('Ana')], {
        wishes: [{ kind: 'part_of_day', part: 'afternoon', hard: false }],
      }),
    );
    expect(slots).toHaveLength(31);
    expect(slots[0]!.start).toBe('2026-11-24T13:00:00+01:00'); // after lunch
    expect(slots[0]!.reasons).toContain('in the afternoon, as wished');
    expect(slots.at(-1)!.reasons).toContain('not in the afternoon');
  });

  it('exclude what does not match, when hard', () => {
    const hours: Wish = { kind: 'hours', from: '10:00', to: '11:00', hard: true };
    const found = starts(request([person('Ana')], { wishes: [hours] }));
    expect(found).toEqual(['10:00', '10:15', '10:30']);
    const friday: Wish = { kind: 'weekdays', days: [5], hard: true };
    const { noneBecause } = findSlots(request([person('Ana')], { wishes: [friday] }));
    expect(noneBecause).toMatchObject({ reason: 'wishes_too_narrow' });
    expect(noneBecause!.relaxations.map(({ relax }) => relax)).toEqual([
      [{ kind: 'wish', email: null, wish: friday }],
    ]);
    expect(noneBecause!.relaxations[0]!.description).toBe('without the wish "on Friday"');
  });

  it('that contradict each other match nothing', () => {
    const never: Wish = { kind: 'hours', from: '15:00', to: '10:00', hard: true };
    expect(findSlots(request([person('Ana')], { wishes: [never] })).slots).toEqual([]);
  });
});

describe('what a slot says', () => {
  it('shows each person their own clock, and the date where it is another day', () => {
    const night = { days: WEEKDAYS, start: '00:00', end: '08:00' };
    const kiri = person('Tebwe', { zone: 'Pacific/Kiritimati', workingHours: night });
    const { slots } = findSlots(request([person('Ana'), kiri]));
    expect(slots[0]).toMatchObject({
      start: '2026-11-24T11:00:00+01:00',
      end: '2026-11-24T11:30:00+01:00',
    });
    expect(slots[0]!.reasons).toEqual([
      "inside everyone's working hours",
      '00:00 on 2026-11-25 for Tebwe (Pacific/Kiritimati)',
    ]);
    expect(slots[0]!.perPerson[1]).toEqual({
      email: 'tebwe@example.com',
      zone: 'Pacific/Kiritimati',
      localStart: '2026-11-25T00:00:00+14:00',
      localEnd: '2026-11-25T00:30:00+14:00',
      insideWorkingHours: true,
      availability: 'free',
    });
  });

  it('keeps to the limit, and to times that do not overlap when they are to be distinct', () => {
    const { slots } = findSlots(request([person('Ana')], { limit: 3, distinct: true }));
    expect(slots.map((slot) => slot.start.slice(11, 16))).toEqual(['09:00', '09:30', '10:00']);
  });

  it('is the same for the same request, whatever the order of busy times', () => {
    const taken = [...HALF_AN_HOUR_FREE, ...HALF_AN_HOUR_FREE];
    const search = request([person('Ana', { busy: taken })], { bufferMinutes: 0 });
    const reversed = request([person('Ana', { busy: taken.toReversed() })], { bufferMinutes: 0 });
    expect(findSlots(search)).toEqual(findSlots(reversed));
    expect(starts(search)).toEqual(['13:00']);
  });
});

describe('advice when there is no time', () => {
  it('names the buffer when giving it up is enough, with the time it would yield', () => {
    const { noneBecause } = findSlots(request([person('Ana', { busy: HALF_AN_HOUR_FREE })]));
    expect(noneBecause!.reason).toBe('no_common_free_time');
    expect(noneBecause!.relaxations[0]).toEqual({
      relax: [{ kind: 'buffer' }],
      description: 'without the 15 minutes around other meetings',
      example: { start: '2026-11-24T13:00:00+01:00', end: '2026-11-24T13:30:00+01:00' },
    });
  });

  it('names the people whose hours or presence stand in the way', () => {
    const sam = person('Sam', { zone: 'America/Los_Angeles' });
    const { noneBecause } = findSlots(request([person('Ana'), sam]));
    expect(noneBecause!.reason).toBe('no_common_working_hours');
    expect(noneBecause!.relaxations.map((relaxation) => relaxation.description)).toEqual([
      "outside Ana's working hours, between 07:00 and 22:00",
      "outside Sam's working hours, between 07:00 and 22:00",
      'without Ana',
      'without Sam',
    ]);
    expect(noneBecause!.relaxations[1]!.example!.start).toBe('2026-11-24T16:00:00+01:00');
  });

  it('offers pairs only when nothing less is enough', () => {
    const full = [busy('2026-11-24T00:00+01:00', '2026-11-25T00:00+01:00')];
    const search = request([person('Ana', { busy: full }), person('Ben', { busy: full })]);
    const { relaxations } = findSlots(search).noneBecause!;
    expect(relaxations.map((relaxation) => relaxation.description)).toEqual([
      'without Ana and without Ben',
    ]);
  });

  it('tells a window that is over or too short from one that is full', () => {
    const reason = (more: Partial<SlotRequest>) =>
      findSlots(request([person('Ana')], more)).noneBecause!.reason;
    expect(reason({ nowMs: Date.parse('2026-11-25T00:00+01:00') })).toBe('window_past');
    expect(reason({ toMs: Date.parse('2026-11-24T00:10+01:00') })).toBe('window_too_short');
  });
});

describe('requests that make no sense', () => {
  it.each([
    ['a step that does not divide a day', { stepMinutes: 7 }],
    ['no length', { durationMinutes: 0 }],
    ['a negative buffer', { bufferMinutes: -1 }],
    ['an unknown zone', { organiserZone: 'Europe/Atlantis' }],
    ['a malformed wish', { wishes: [{ kind: 'hours', from: '9am', to: '24:00', hard: true }] }],
    ['a window of years', { toMs: Date.parse('2036-01-01T00:00Z') }],
  ] satisfies [string, Partial<SlotRequest>][])('are refused: %s', (_, more) => {
    expect(() => findSlots(request([person('Ana')], more))).toThrow(RangeError);
  });
});
