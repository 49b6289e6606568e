import { describe, expect, it } from 'vitest';
import { addressKey, rankHits } from '#workflows/research/rank.ts';

const hit = (url: string, score: number) => ({ url, title: url, excerpt: '', score });

describe('the order of reading', () => {
  it('begins with the best page of each question', () => {
    const ranked = rankHits([
      [hit('https://a.example/1', 0.9), hit('https://a.example/2', 0.8)],
      [hit('https://b.example/1', 0.3)],
    ]);
    expect(ranked.map(({ url }) => url)).toEqual([
      'https://a.example/1',
      'https://b.example/1',
      'https://a.example/2',
    ]);
  });
  it('counts a page found under several spellings once, for all its questions', () => {
    const ranked = rankHits([
      [hit('https://www.A.example/x/', 0.5)],
      [hit('http://a.example/x?utm_source=mail#top', 0.7)],
    ]);
    expect(ranked).toHaveLength(1);
    expect(ranked[0]?.questions).toEqual([0, 1]);
    expect(ranked[0]?.score).toBeCloseTo(0.8);
  });
  it('is the same whatever order equal scores come in', () => {
    const hits = [hit('https://a.example/', 0.5), hit('https://b.example/', 0.5)];
    expect(rankHits([hits])).toEqual(rankHits([hits.toReversed()]));
  });
  it('keeps addresses apart that differ in their query', () => {
    expect(addressKey('https://a.example/x?id=1')).not.toBe(addressKey('https://a.example/x?id=2'));
  });
});
