/** Cards: everything the payload holds is on them, and hidden characters are seen. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CreateEventPayload, MoveEventPayload } from '#contracts/schemas/calendar.ts';
import type { SendEmailPayload } from '#contracts/schemas/email.ts';
import { cancelEventCard, createEventCard, moveEventCard } from '#activities/calendar/cards.ts';
import { plainEvent } from '#activities/calendar/port.ts';
import { emailCard } from '#activities/email/cards.ts';
import { cleanText, makeVisible, visibleAddress } from '#activities/visible-text.ts';

const event: CreateEventPayload = {
  kind: 'createEvent',
  account: 'alex@office.example.com',
  title: 'Plan',
  start: '2026-11-24T15:00:00+01:00',
  end: '2026-11-24T15:30:00+01:00',
  zone: 'Europe/Berlin',
  guests: ['bob@office.example.com', 'eve@elsewhere.example.net'],
  location: 'Room 1',
  description: 'Why',
  ...plainEvent,
  optionalGuests: [],
  rooms: [],
  conflicts: null,
};
const mail: SendEmailPayload = {
  kind: 'sendEmail',
  account: 'alex@office.example.com',
  fromName: 'Alex',
  to: ['bob@office.example.com'],
  cc: ['carla@office.example.com'],
  bcc: ['eve@elsewhere.example.net'],
  subject: 'Hello',
  body: 'Text',
  reply: null,
};
const own = new Set(['alex@office.example.com', 'alex@home.example.org']);
const read = { answered: null, own };
const valueOf = (card: { lines: readonly { label: string; value: string }[] }, label: string) =>
  card.lines.find((line) => line.label === label)?.value;

describe('cards of events', () => {
  it('say when in words with the zone, and name every guest', () => {
    const card = createEventCard(event, own);
    expect(valueOf(card, 'Start')).toBe('Tue 24 Nov 2026, 15:00 (Europe/Berlin)');
    expect(valueOf(card, 'End')).toBe('Tue 24 Nov 2026, 15:30 (Europe/Berlin)');
    expect(valueOf(card, 'Guests')).toBe(event.guests.join(', '));
    expect(valueOf(card, 'Location')).toBe('Room 1');
    expect(valueOf(card, 'Reach')).toBe('2 guests, 1 outside your organisation; up to 2 mails');
    expect(card.warnings).toEqual(['Outside your organisation: eve@elsewhere.example.net.']);
  });

  it('judge who is outside by the calendar that is used, and never the person themselves', () => {
    const guests = ['alex@office.example.com', 'bob@office.example.com', 'zoe@home.example.org'];
    const card = createEventCard({ ...event, account: 'alex@home.example.org', guests }, own);
    expect(card.warnings).toEqual(['Outside your organisation: bob@office.example.com.']);
    expect(valueOf(card, 'Reach')).toBe('3 guests, 1 outside your organisation; up to 3 mails');
  });

  it('show where a moved event comes from and that nobody is told', () => {
    const { location: _l, description: _d, kind: _k, ...rest } = event;
    const payload: MoveEventPayload = {
      ...rest,
      kind: 'moveEvent',
      guests: [],
      eventId: 'e',
      etag: '"1"',
      previous: { start: '2026-11-20T09:00:00+01:00', end: '2026-11-20T09:30:00+01:00' },
    };
    const card = moveEventCard(payload, own);
    expect(valueOf(card, 'From')).toContain('Fri 20 Nov 2026, 09:00 (Europe/Berlin)');
    expect(valueOf(card, 'Guests')).toBe('nobody');
    expect(valueOf(card, 'Reach')).toBe('nobody is told');
    expect(card.warnings).toEqual([]);
  });

  it('say how often a series happens, and what it has beside its times', () => {
    const series = (rule: string) =>
      createEventCard(
        {
          ...event,
          optionalGuests: ['carla@office.example.com'],
          rooms: ['room-1@office.example.com'],
          recurrence: { rule, excluded: [] },
          reminderMinutes: 15,
          conference: true,
          private: true,
        },
        own,
      );
    const card = series('FREQ=WEEKLY;BYDAY=TU;UNTIL=20261222T225959Z');
    expect(valueOf(card, 'Repeats')).toBe('every week on Tue, until Tue 22 Dec 2026');
    expect(valueOf(card, 'Reach')).toBe(
      '3 guests, 1 outside your organisation; up to 3 mails; 1 room; 5 occurrences',
    );
    expect(valueOf(card, 'Optional guests')).toBe('carla@office.example.com');
    expect(valueOf(card, 'Reminder')).toBe('15 minutes before');
    expect(valueOf(card, 'Online')).toBe('with a link to meet');
    expect(valueOf(card, 'Visibility')).toBe('private');
    const endless = series('FREQ=MONTHLY;BYDAY=-1TU');
    expect(valueOf(endless, 'Repeats')).toBe('every month on the last Tue, without an end');
    expect(valueOf(endless, 'Reach')).toContain('occurrences without an end');
  });

  it('show all-day events as days', () => {
    const card = cancelEventCard(
      {
        ...event,
        kind: 'cancelEvent',
        eventId: 'e',
        etag: '"1"',
        start: '2026-11-24',
        end: '2026-11-25',
        instances: 1,
      },
      own,
    );
    expect(valueOf(card, 'Start')).toBe('2026-11-24 (all day)');
  });
});

describe('cards of mail', () => {
  it('show all recipients, hidden ones with a warning, and the whole body (seen: 15)', () => {
    const body = 'x'.repeat(20_000);
    const card = emailCard({ ...mail, body }, read);
    expect(valueOf(card, 'To')).toBe('bob@office.example.com');
    expect(valueOf(card, 'Bcc')).toBe('eve@elsewhere.example.net');
    expect(valueOf(card, 'Body')).toBe(body);
    expect(card.title).toBe('Send "Hello" to 3 people');
    expect(card.warnings.join(' ')).toMatch(/Outside your organisation.*Hidden recipients \(Bcc\)/);
  });

  it('do not call the person themselves an outsider', () => {
    const card = emailCard({ ...mail, bcc: [], to: ['Alex@home.example.org'] }, read);
    expect(card.warnings).toEqual([]);
  });

  it('call everybody an outsider of an account where anyone can have one', () => {
    const to = ['stranger@gmail.com', 'alex@office.example.com'];
    const card = emailCard({ ...mail, account: 'alex@gmail.com', to, cc: [], bcc: [] }, read);
    expect(card.warnings).toEqual(['Outside your organisation: stranger@gmail.com.']);
  });

  it('make bidi, zero-width and control characters visible and warn', () => {
    const card = emailCard(
      {
        ...mail,
        subject: 'invoice\u202Efdp.exe',
        body: 'pay\u200B now\u0007',
      },
      read,
    );
    expect(valueOf(card, 'Subject')).toBe('invoice[U+202E]fdp.exe');
    expect(valueOf(card, 'Body')).toBe('pay[U+200B] now[U+0007]');
    expect(card.warnings.filter((w) => w.includes('hidden characters'))).toHaveLength(2);
  });

  it('warn about text pushed out of sight by blank space', () => {
    const card = emailCard({ ...mail, body: `Fine.${'\n'.repeat(60)}And wire the money.` }, read);
    expect(card.warnings.join()).toContain('long blank stretch');
  });

  it('show look-alike domains as the network reads them, with a warning', () => {
    const card = emailCard({ ...mail, to: ['bob@оffice.example.com'] }, read);
    expect(valueOf(card, 'To')).toBe('bob@xn--ffice-iye.example.com');
    expect(card.warnings.join()).toContain('look like others');
    expect(visibleAddress('bob@xn--ffice-iye.example.com')).toBe('bob@xn--ffice-iye.example.com');
  });
});

describe('visible text', () => {
  it('leaves ordinary text and emoji alone', () => {
    const text = 'Grüße, 日本語, مرحبا\n\t❤️ 👩‍💻 ok';
    expect(makeVisible(text)).toBe(text);
  });

  it('never lets a hidden character through, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const shown of [makeVisible(text), cleanText(text, 500)]) {
          expect(shown).not.toMatch(
            // eslint-disable-next-line no-control-regex
            /[\u0000-\u0008\u000b-\u001f\u007f\u200b\u200e\u202a-\u202e\u2066-\u2069\ufeff]/,
          );
        }
        expect(cleanText(text, 50).length).toBeLessThanOrEqual(50);
      }),
    );
  });
});
