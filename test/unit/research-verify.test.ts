import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkClaims, checkSynthesis, occursIn } from '#activities/research/verify.ts';

const page = {
  url: 'https://acme.example/results',
  title: 'Results',
  excerpt: '',
  documentId: 'doc1',
  fetchedAt: '2026-11-21T10:00:00Z',
  content: 'Acme reported revenue of 212 million euros.\n\n It “expects” to break\n even in 2027.',
};
const claim = (text: string, quote: string, documentId = 'doc1') => ({
  claim: text,
  quote,
  documentId,
});

describe('a claim', () => {
  it('is kept when its quote stands in the page, white space and quote marks aside', () => {
    const kept = claim('Break-even comes in 2027.', 'It "expects" to break even in 2027.');
    expect(checkClaims([kept], [page])).toEqual({ claims: [kept], dropped: [] });
  });
  it.each([
    ['its quote was made up', claim('Acme is bankrupt.', 'Acme filed for bankruptcy today.')],
    ['it names a page that was not read', claim('x', page.content.slice(0, 40), 'doc9')],
    ['its quote is too short', claim('Acme exists.', 'Acme')],
    ['its figure is not in the quote', claim('Revenue was 999 million.', 'revenue of 212 million')],
  ])('is dropped and named when %s', (_, proposed) => {
    const { claims, dropped } = checkClaims([proposed], [page]);
    expect(claims).toEqual([]);
    expect(dropped).toHaveLength(1);
    expect(dropped[0]).toContain(proposed.claim);
  });
  it('is kept once when it is repeated, and there are at most five', () => {
    const same = claim('Revenue was 212 million.', 'revenue of 212 million euros');
    expect(checkClaims([same, same], [page]).claims).toEqual([same]);
    const content = Array.from({ length: 9 }, (_, i) => `Sentence number ${i} stands here.`);
    const many = content.map((quote) => claim(quote, quote));
    const long = { ...page, content: content.join(' ') };
    expect(checkClaims(many, [long]).claims).toHaveLength(5);
  });
});

describe('a synthesis', () => {
  const claims = [
    claim('Revenue was 212 million euros.', 'revenue of 212 million euros'),
    claim('Break-even in 2027.', 'to break even in 2027'),
    claim('The plant is late.', 'the plant is four months late'),
  ];
  it('numbers its citations in the order they are read', () => {
    const sentences = [
      { text: 'The plant is late.', claims: [3] },
      { text: 'Revenue was 212 million euros, break-even is near.', claims: [1, 2] },
    ];
    expect(checkSynthesis(sentences, claims)).toEqual({
      summary: 'The plant is late. [1] Revenue was 212 million euros, break-even is near. [2][3]',
      cited: [3, 1, 2],
      dropped: [],
    });
  });
  it.each([
    ['cites a claim that does not exist', { text: 'Acme is for sale.', claims: [1, 7] }],
    ['cites nothing', { text: 'Acme is for sale.', claims: [] }],
    ['cites a made-up number in its text', { text: 'Acme is for sale [9].', claims: [1] }],
    ['holds a figure of no claim', { text: 'Revenue was 500 million.', claims: [1] }],
    ['holds a web address', { text: 'See https://evil.example/a.', claims: [1] }],
  ])('drops and names a sentence that %s', (_, sentence) => {
    const { summary, cited, dropped } = checkSynthesis([sentence], claims);
    expect({ summary, cited }).toEqual({ summary: '', cited: [] });
    expect(dropped).toHaveLength(1);
  });
  it('takes figures written with thousands separators as the same', () => {
    const big = [claim('It has 1,240 people.', 'employs 1,240 people at three sites')];
    expect(checkSynthesis([{ text: 'It has 1240 people.', claims: [1] }], big).cited).toEqual([1]);
  });
  it('never cites anything but a kept claim, whatever the model writes', () => {
    const sentence = fc.record({
      text: fc.string({ maxLength: 60 }),
      claims: fc.array(fc.integer({ min: -3, max: 9 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(sentence, { maxLength: 8 }), (sentences) => {
        const { summary, cited } = checkSynthesis(sentences, claims);
        const marks = [...summary.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
        expect(marks.every((mark) => claims[(cited[mark - 1] ?? 0) - 1] !== undefined)).toBe(true);
        expect(new Set(cited).size).toBe(cited.length);
      }),
    );
  });
});

describe('a quote', () => {
  it('must stand in the text as one piece', () => {
    expect(occursIn('revenue of  212', page.content)).toBe(true);
    expect(occursIn('revenue 212', page.content)).toBe(false);
  });
});
