/**
 * Who works at the office. Data only: invented people at an invented company under example.com,
 * spread over zones so that finding a common hour is a real question.
 */
import type { Person } from './state.ts';

const weekdays = [1, 2, 3, 4, 5];

/** The company's mail domain. */
export const officeDomain = 'office.example.com';

function person(
  name: string,
  zone: string,
  [start, end]: [string, string],
  extra: Partial<Pick<Person, 'vendor' | 'main' | 'sharesFreeBusy'>> & { days?: number[] } = {},
): Person {
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@${officeDomain}`;
  const { vendor = 'google', main, sharesFreeBusy = true, days = weekdays } = extra;
  return {
    name,
    email,
    vendor,
    zone,
    workingHours: { start, end, days },
    ...(main ? { main } : {}),
    sharesFreeBusy,
  };
}

const microsoft = { vendor: 'microsoft' } as const;

/** Everyone at the office; exactly one is `main`, and half have their mailbox at Microsoft. */
export const people: readonly Person[] = [
  person('Alex Morgan', 'Europe/Berlin', ['09:00', '18:00'], { main: true }),
  person('Bob Keller', 'Europe/Berlin', ['08:30', '17:00']),
  person('Carla Rossi', 'Europe/Rome', ['09:30', '18:30'], microsoft),
  person('Dana Whitfield', 'America/New_York', ['08:30', '17:30'], microsoft),
  person('Priya Nair', 'Asia/Kolkata', ['10:00', '19:00']),
  person('Kenji Tanaka', 'Asia/Tokyo', ['09:00', '18:00'], microsoft),
  person('Tom Hughes', 'Europe/London', ['09:00', '17:30'], { days: [1, 2, 3, 4] }),
  person('Maria Santos', 'America/Sao_Paulo', ['09:00', '18:00'], microsoft),
  person('Lena Novak', 'America/Los_Angeles', ['08:00', '16:30'], microsoft),
  person('Sam Okafor', 'Africa/Lagos', ['09:00', '17:00'], { sharesFreeBusy: false }),
];

/** What the main person has beside the office: a private account, at another vendor. */
export const privateAccount: Person = {
  name: 'Alex Morgan',
  email: 'alex@morgan-family.example.org',
  vendor: 'microsoft',
  zone: 'Europe/Berlin',
  workingHours: { start: '09:00', end: '18:00', days: weekdays },
  accountOf: `alex.morgan@${officeDomain}`,
  sharesFreeBusy: false,
};

/** People outside the office who write to it; mail to them is only counted. */
export const outsiders = {
  nora: 'Nora Feld <nora.feld@acme.example.org>',
  victor: 'Victor Lang <v.lang@northwind.example.net>',
  ines: 'Ines Duarte <ines.duarte@lumen-legal.example.org>',
  oscar: 'Oscar Brandt <oscar@brandt-catering.example.net>',
  yuki: 'Yuki Mori <yuki.mori@mail.example.net>',
  bank: 'Meridian Bank <service@meridian-bank.example.org>',
  travel: 'Skyrail Travel <bookings@skyrail.example.net>',
  digest: 'Distributed Weekly <digest@distributed-weekly.example.org>',
  shop: 'Paper & Pen <news@paper-and-pen.example.net>',
  cloud: 'Cirrus Cloud Billing <billing@cirrus-cloud.example.org>',
} as const;
