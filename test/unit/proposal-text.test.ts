/** Offered times as text: what is written is read back as the same instants. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { offer, readOffers } from '#activities/calendar/proposal-text.ts';
import { answerTimeReply } from '#infra/sandbox/model/time-reply.ts';

const minute = 60_000;

it('says the day, the time, the length and the clock', () => {
  const startMs = Date.parse('2026-11-24T14:00Z');
  const { text } = offer(1, { startMs, endMs: startMs + 30 * minute }, 'America/New_York');
  expect(text).toBe('Tuesday, 24 November 2026, 09:00, 30 minutes (America/New_York, UTC-05:00)');
});

it('reads back exactly what was offered, in every zone, also in the hour that comes twice', () => {
  const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
  const time = fc
    .record({
      startMs: fc
        .integer({ min: 0, max: 4 * 525_600 })
        .map((at) => Date.UTC(2026, 0, 1) + at * minute),
      minutes: fc.integer({ min: 1, max: 1_440 }),
    })
    .map(({ startMs, minutes }) => ({ startMs, endMs: startMs + minutes * minute }));
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 5 }), zone, (times, where) => {
      const offered = times.map((one, index) => offer(index + 1, one, where));
      const lines = offered.map(({ number, text }) => `> ${number}. ${text}`);
      expect(readOffers(['Hi,', '', ...lines, '', 'Bye'].join('\n'))).toEqual(offered);
    }),
    { numRuns: 300 },
  );
});

it('finds no offer where there is none', () => {
  expect(readOffers('1. Tuesday, 24 November 2026\n2. 15:00, 30 minutes\n3. Call Bob')).toEqual([]);
  expect(
    readOffers('1. Tuesday, 42 November 2026, 09:00, 30 minutes (Europe/Berlin, UTC+01:00)'),
  ).toEqual([]);
});

const offered = [
  'Tuesday, 24 November 2026, 15:00, 30 minutes (Europe/Berlin, UTC+01:00)',
  'Wednesday, 25 November 2026, 10:30, 30 minutes (Europe/Berlin, UTC+01:00)',
  'Wednesday, 25 November 2026, 16:00, 30 minutes (Europe/Berlin, UTC+01:00)',
].map((words, index) => ({ number: index + 1, words }));

it.each([
  ['Tuesday works for me. See you then!', 'slot', 1],
  ['Hi Alex,\n\nThe second one please.', 'slot', 2],
  ['Wednesday at 16:00 is fine', 'slot', 3],
  ["Tuesday doesn't work, but Wednesday at 4 pm does not either.", 'none', null],
  ["I can't do Tuesday. Option 2 is good.", 'slot', 2],
  ['Wednesday works.', 'none', null],
  ['None of these, sorry. How about Friday at 9?', 'counter', null],
])('the sandbox reads "%s" as %s', (reply, choice, number) => {
  expect(answerTimeReply({ reply, offered })).toMatchObject({ choice, number });
});
