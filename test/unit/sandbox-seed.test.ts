/** The office a new sandbox starts with, on many first days. */
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { busyTime } from '#infra/sandbox/calendar/events.ts';
import { Office } from '#infra/sandbox/office/office.ts';
import { privateAccount } from '#infra/sandbox/office/people.ts';
import { seedOffice } from '#infra/sandbox/office/seed.ts';
import type { Person } from '#infra/sandbox/office/state.ts';

const anchors = [
  '2026-10-07T08:00:00Z',
  '2026-11-21T11:00:00Z',
  '2026-12-28T23:30:00Z',
  '2027-03-22T06:00:00Z',
];

function officeAt(anchor: string): Office {
  const now = new Date(anchor);
  return new Office(seedOffice(now), () => now);
}

/** Starts of free half hours next week inside everybody's working hours. */
function commonSlots(office: Office, names: readonly string[]): DateTime[] {
  const people = names.map((name) =>
    office.people.find((person) => person.email.startsWith(`${name}.`))!,
  );
  const monday = DateTime.fromJSDate(office.now(), { zone: office.main.zone })
    .startOf('week')
    .plus({ weeks: 1 });
  const window = { fromMs: monday.toMillis(), toMs: monday.plus({ days: 7 }).toMillis() };
  // The main person is busy on either of their calendars.
  const calendars = [...people, privateAccount];
  const busy = calendars.flatMap((person) => busyTime(office, person, window));
  return Array.from({ length: 7 * 48 }, (_, index) => monday.plus({ minutes: index * 30 })).filter(
    (slot) => {
      const [fromMs, toMs] = [slot.toMillis(), slot.plus({ minutes: 30 }).toMillis()];
      const works = (person: Person) => {
        const local = slot.setZone(person.zone);
        const { start, end, days } = person.workingHours;
        const until = local.plus({ minutes: 30 });
        return (
          days.includes(local.weekday) &&
          local.toFormat('HH:mm') >= start &&
          until.toFormat('HH:mm') <= end &&
          until.hasSame(local, 'day')
        );
      };
      return people.every(works) && !busy.some((span) => span.fromMs < toMs && span.toMs > fromMs);
    },
  );
}

describe.each(anchors)('an office made at %s', (anchor) => {
  const office = officeAt(anchor);

  it('is the same office every time', () => {
    expect(JSON.stringify(officeAt(anchor).state)).toBe(JSON.stringify(office.state));
  });

  it('has one main person and colleagues in at least four zones', () => {
    expect(office.people.filter(({ main }) => main)).toHaveLength(1);
    expect(office.people.length).toBeGreaterThanOrEqual(8);
    const atMicrosoft = office.people.filter(({ vendor }) => vendor === 'microsoft');
    expect(atMicrosoft).toHaveLength(office.people.length / 2);
    expect(new Set(office.people.map(({ zone }) => zone)).size).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ['bob and carla', ['alex', 'bob', 'carla']],
    ['dana', ['alex', 'dana']],
    ['priya', ['alex', 'priya']],
    ['bob, carla and dana', ['alex', 'bob', 'carla', 'dana']],
  ])('leaves a common half hour next week with %s, but not many', (_who, names) => {
    const slots = commonSlots(office, names);
    expect(slots.length).toBeGreaterThanOrEqual(1);
    expect(slots.length).toBeLessThan(60);
  });

  it('has no mail from the future, and threads with several messages', () => {
    const messages = Object.values(office.mailbox(office.main.email).messages);
    expect(messages.length).toBeGreaterThanOrEqual(60);
    expect(messages.every(({ internalDate }) => internalDate < Date.parse(anchor))).toBe(true);
    expect(new Set(messages.map(({ threadId }) => threadId)).size).toBeLessThan(
      messages.length - 15,
    );
  });

  it('counts nothing before anybody acted', () => {
    expect([office.state.effects, office.state.notifications]).toEqual([[], []]);
  });
});
