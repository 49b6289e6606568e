/** The one language mail is searched in: what it reads, what it refuses, what it means. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toGmailQuery } from '#activities/email/google-query.ts';
import { type MailQuery, parseMailQuery } from '#activities/email/query.ts';
import { matchesMail, type SearchedMail } from '#activities/email/query-match.ts';

const clock = { now: '2026-10-07T08:00:00Z', zone: 'Europe/Berlin' };
const parse = (text: string): MailQuery => parseMailQuery(text, clock);
const mail: SearchedMail = {
  from: { name: 'Dana Reyes', email: 'dana@acme.example.com' },
  to: [{ name: null, email: 'alex@office.example.com' }],
  cc: [{ name: 'Bob Keller', email: 'bob.keller@office.example.com' }],
  subject: 'Re: Budget – Q3 plan',
  text: 'The café closes at noon.\nBring the 12 forms.',
  labels: ['Project X'],
  folder: 'inbox',
  sent: false,
  unread: true,
  starred: false,
  attachments: [
    { id: '1', name: 'report-final.pdf', mimeType: 'application/pdf', bytes: 9, inline: false },
    { id: '2', name: 'logo.png', mimeType: 'image/png', bytes: 9, inline: true },
  ],
  dateMs: Date.parse('2026-10-06T10:00:00+02:00'),
};

describe('a mail query', () => {
  it.each<[string, boolean]>([
    ['', true],
    ['from:dana', true],
    ['from:"dana reyes"', true],
    ['from:reyes@acme.example.com', false],
    ['from:dana@acme.example.com subject:budget', true],
    ['to:alex -cc:bob', false],
    ['cc:(bob or nobody)', true],
    ['subject:"q3 plan"', true],
    ['subject:"plan q3"', false],
    ['cafe', true],
    ['caf', false],
    ['"at noon bring"', true],
    ['nothing or noon', true],
    ['nothing or (noon budget)', true],
    ['-(nothing or noon)', false],
    ['label:project-x', true],
    ['label:"Project X"', true],
    ['label:project', false],
    ['is:unread in:inbox has:attachment', true],
    ['is:read or is:starred', false],
    ['filename:pdf filename:"report final"', true],
    ['filename:png', true],
    ['after:2026-10-06', true],
    ['after:2026-10-07', false],
    ['before:2026/10/06', false],
    ['newer_than:1d', true],
    ['newer_than:20h', false],
    ['older_than:20h newer_than:2w', true],
    ['in:archive', false],
    ['in:sent', false],
    ['in:anywhere', true],
    ['“closes at noon”', true],
  ])('%s: %s', (query, expected) => {
    expect(matchesMail(parse(query), mail)).toBe(expected);
  });

  it('leaves spam and trash out, unless it names them', () => {
    const spam = { ...mail, folder: 'spam' } as const;
    expect(matchesMail(parse('from:dana'), spam)).toBe(false);
    expect(matchesMail(parse('-in:spam'), spam)).toBe(false);
    expect(matchesMail(parse('from:dana in:spam'), spam)).toBe(true);
    expect(matchesMail(parse('in:anywhere'), spam)).toBe(true);
  });

  it.each([
    ['category:promotions', /There is no category: here; .*in quotes/],
    ['https://example.com', /There is no https: here/],
    ['is:important', /is:important is not known/],
    ['in:Projects', /folders of your own are labels/],
    ['after:yesterday', /write it like 2026-10-07/],
    ['after:2026-13-40', /is not a day/],
    ['newer_than:soon', /7d, 2w, 3m or 1y/],
    ['(a b', /without a "\)"/],
    ['a b)', /without a "\("/],
    ['or a', /between two terms/],
    ['a or', /ends where a term/],
    ['"open', /quote that is not closed/],
    [`${'('.repeat(20)}a${')'.repeat(20)}`, /too many brackets/],
    [`${'-'.repeat(40)}a`, /too many "-"/],
  ])('refuses %s, saying what to write', (query, words) => {
    expect(() => parse(query)).toThrow(words);
  });

  it('reads any text or refuses it as invalid input, and never hangs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (text) => {
        try {
          matchesMail(parse(text), mail);
        } catch (error) {
          expect(error).toMatchObject({ type: 'InvalidInputError' });
        }
      }),
    );
  });
});

describe('a query in the words of Gmail', () => {
  it.each([
    ['from:dana "budget plan" -invoice', 'from:"dana" "budget plan" -"invoice"'],
    ['(a or b) subject:c', '("a" OR "b") subject:"c"'],
    ['-(a b)', '-("a" "b")'],
    ['label:"Project X/Sub"', 'label:project-x-sub'],
    ['in:archive', '(-in:inbox -in:sent -in:drafts -in:spam -in:trash)'],
    ['-in:archive', ''],
    ['after:2026-10-06', 'after:1791237600'],
    ['-before:2026-10-06', 'after:1791237600'],
    ['"!!!"', ''],
    ['a or "!!!"', ''],
  ])('%s', (query, expected) => {
    expect(toGmailQuery(parse(query))).toBe(expected);
  });
});
