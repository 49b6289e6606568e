/** What Graph is asked for a mail query: never less than the query means, never `$search` and `$filter`. */
import { describe, expect, it } from 'vitest';
import { toGraphPath } from '#activities/email/microsoft-query.ts';
import { parseMailQuery } from '#activities/email/query.ts';

const clock = { now: '2026-10-07T10:00:00+02:00', zone: 'Europe/Berlin' };
const terms = {
  account: 'alex@office.example.com',
  categoriesCalled: (label: string) => (label === 'travel' ? ['travel', 'Travel'] : [label]),
};
const ask = (text: string) => {
  const path = toGraphPath(parseMailQuery(text, clock), terms, '$top=5');
  const { pathname, searchParams } = new URL(path, 'https://graph.example.com');
  expect(searchParams.get('$top')).toBe('5');
  const [search, filter] = [searchParams.get('$search'), searchParams.get('$filter')];
  expect(search === null || filter === null).toBe(true);
  expect(searchParams.get('$orderby')).toBe(search === null ? 'receivedDateTime desc' : null);
  const always = 'receivedDateTime ge 1900-01-01T00:00:00Z';
  if (filter !== null) expect(filter.startsWith(`${always} and `)).toBe(true);
  return {
    ...(pathname === '/me/messages' ? {} : { folder: pathname.split('/')[3] }),
    ...(search === null ? {} : { search: JSON.parse(search) as string }),
    ...(filter === null ? {} : { filter: filter.slice(`${always} and `.length) }),
  };
};

describe('a mail query for Graph', () => {
  it.each([
    ['budget', { search: '("budget" OR recipients:"budget")' }],
    ['from:dana subject:"Q3 plan"', { search: '(from:"dana" AND subject:"Q3 plan")' }],
    ['from:dana or to:dana', { search: '(from:"dana" OR to:"dana")' }],
    [
      'filename:report.pdf has:attachment',
      { search: '(attachment:"report.pdf" AND hasAttachments:true)' },
    ],
    [
      'subject:AND after:2026-10-01 before:2026-10-07',
      {
        search:
          '(subject:"AND" AND received>=2026-09-30T22:00:00Z AND received<2026-10-06T22:00:00Z)',
      },
    ],
    [
      'in:sent budget',
      { search: '(from:"alex@office.example.com" AND ("budget" OR recipients:"budget"))' },
    ],
    ['in:inbox budget', { folder: 'inbox', search: '("budget" OR recipients:"budget")' }],
  ])('looks words up in the index: %s', (text, expected) => {
    expect(ask(text)).toEqual(expected);
  });

  it.each([
    ['is:unread', { filter: 'isRead eq false' }],
    ['-is:unread is:starred', { filter: "(isRead eq true and flag/flagStatus eq 'flagged')" }],
    ['-has:attachment', { filter: 'hasAttachments eq false' }],
    ['newer_than:7d', { filter: 'receivedDateTime ge 2026-09-30T08:00:00Z' }],
    ['-before:2026-10-07', { filter: 'receivedDateTime ge 2026-10-06T22:00:00Z' }],
    ['label:travel', { filter: "categories/any(c:c eq 'travel' or c eq 'Travel')" }],
    ["label:o'neil", { filter: "categories/any(c:c eq 'o''neil')" }],
    ['in:sent', { filter: "from/emailAddress/address eq 'alex@office.example.com'" }],
    ['in:trash is:read', { folder: 'deleteditems', filter: 'isRead eq true' }],
  ])('asks for marks and dates by filter: %s', (text, expected) => {
    expect(ask(text)).toEqual(expected);
  });

  it.each([
    ['', {}],
    // A search knows no marks, the filter no words: what is left out is decided by the matcher.
    ['budget is:unread', { search: '("budget" OR recipients:"budget")' }],
    ['budget or is:unread', {}],
    ['-from:newsletter', {}],
    ['-(is:unread has:attachment)', {}],
    ['-label:travel', {}],
    ['in:inbox or in:archive', {}],
    ['"…"', {}],
  ])('asks for more where Graph cannot say it: %s', (text, expected) => {
    expect(ask(text)).toEqual(expected);
  });

  it('lets no value end its phrase', () => {
    const { search } = ask('subject:"x\\" subject:y');
    expect(search).toBe('(subject:"x" AND subject:"y")');
  });
});
