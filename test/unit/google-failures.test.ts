/** Reading Google's errors, event ids, and which event a person means. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { googleEventId } from '#activities/calendar/google-bodies.ts';
import { toCalendarEvent } from '#activities/calendar/google-events.ts';
import { matchEvents } from '#activities/calendar/match-events.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { failure } from '#activities/failures.ts';
import {
  googleReadFailure,
  googleWriteFailure,
  readVendorError,
} from '#activities/google/failures.ts';

describe('errors of the client library', () => {
  it('reads reason, message and wait from an answer', () => {
    const error = Object.assign(new Error('x'), {
      response: {
        status: 403,
        headers: new Headers({ 'retry-after': '12' }),
        data: { error: { code: 403, message: 'Slow', errors: [{ reason: 'rateLimitExceeded' }] } },
      },
    });
    expect(readVendorError(error)).toEqual({
      status: 403,
      code: 'rateLimitExceeded',
      message: 'Slow',
      retryAfterMs: 12_000,
      neverSent: false,
      limited: true,
    });
  });

  it('passes failures of ours through, however deep they are wrapped', () => {
    const own = failure('EgressBlockedError', 'Blocked.');
    const wrapped = new Error('outer', { cause: new Error('inner', { cause: own }) });
    expect(googleReadFailure(wrapped, 'x', 'a@b.example')).toBe(own);
    expect(googleWriteFailure(wrapped, 'x', 'a@b.example')).toBe(own);
  });

  it('takes anything it cannot read for an unknown outcome of a write', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(googleWriteFailure(thrown, 'x', 'a@b.example')).toBeInstanceOf(Error);
      }),
    );
    for (const thrown of [undefined, null, 'text', 7, new Error('x'), { status: 500 }]) {
      expect(googleWriteFailure(thrown, 'x', 'a@b.example')).toBeInstanceOf(UnknownOutcomeError);
    }
  });

  it('keeps a page of HTML out of the message', () => {
    const html = `<html><style>${'x'.repeat(5_000)}</style><h1>Bad</h1></html>`;
    expect(googleReadFailure(new Error(html), 'x', 'a@b.example').message.length).toBeLessThan(400);
  });
});

describe('event ids', () => {
  it('are base32hex of the key: allowed characters, 52 long, one for each key', () => {
    expect(googleEventId('ff'.repeat(32))).toBe(`${'v'.repeat(51)}g`);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const id = googleEventId(Buffer.from(bytes).toString('hex'));
        expect(id).toMatch(/^[a-v0-9]{52}$/);
      }),
    );
  });
});

describe('which event is meant', () => {
  const zone = 'Europe/Berlin';
  const event = (summary: string, time: string, guests: string[] = []) =>
    toCalendarEvent(
      {
        id: summary + time,
        summary,
        start: { dateTime: `2026-11-24T${time}:00+01:00` },
        end: { dateTime: `2026-11-24T${time}:30+01:00` },
        attendees: guests.map((email) => ({ email })),
      },
      zone,
    );
  const events = [
    event('Design review', '09:00', ['bob@office.example.com']),
    event('Design review: billing', '14:00', ['carla@office.example.com']),
    event('Café with Zoë', '14:30'),
  ];
  const match = (words: string, people: string[] = []) =>
    matchEvents(events, { words, people, zone }).map(({ id }) =>
      events.findIndex((e) => e.id === id),
    );

  it.each([
    ['design review', [0]],
    ['the billing review', [1]],
    ['meeting at 14:00', [1]],
    ['2:30 pm', [2]],
    ['cafe zoe', [2]],
    ['review', [0, 1]],
    ['review 15:00', []],
    ['zeppelin', []],
    ['bob', [0]],
  ] as const)('"%s"', (words, expected) => {
    expect(match(words)).toEqual(expected);
  });

  it('goes by people alone, and by all of them', () => {
    expect(match('', ['carla@office.example.com'])).toEqual([1]);
    expect(match('', ['carla@office.example.com', 'bob@office.example.com'])).toEqual([]);
  });

  it('reads all-day events in the given zone and cancelled ones without times', () => {
    const day = toCalendarEvent(
      { id: 'd', start: { date: '2026-11-24' }, end: { date: '2026-11-25' } },
      zone,
    );
    expect(day.allDay).toEqual({ from: '2026-11-24', to: '2026-11-25' });
    expect(new Date(day.startMs).toISOString()).toBe('2026-11-23T23:00:00.000Z');
    expect(toCalendarEvent({ id: 'c', status: 'cancelled' }, zone)).toMatchObject({
      cancelled: true,
    });
  });
});
