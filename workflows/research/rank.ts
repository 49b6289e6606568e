/** Merges what several searches found into one order of reading. Pure. */
import type { SearchHit } from '#contracts/schemas/research.ts';

/** A page worth reading, with the indices of the questions whose searches found it. */
export type Candidate = {
  readonly url: string;
  readonly title: string;
  readonly score: number;
  readonly questions: readonly number[];
};

/** How much a page gains for each further question it was found for. */
const bonusPerQuestion = 0.1;

/**
 * Ranks pages: first the best page of each question, so that none is left without a source, then
 * the others by score. The same page under several spellings of its address counts once.
 */
export function rankHits(hitsByQuestion: readonly (readonly SearchHit[])[]): Candidate[] {
  const merged = new Map<string, Candidate>();
  hitsByQuestion.forEach((hits, question) => {
    for (const { url, title, score } of hits) {
      const key = addressKey(url);
      const known = merged.get(key);
      if (known?.questions.includes(question) === true) continue;
      merged.set(key, {
        url: known?.url ?? url,
        title: known?.title ?? title,
        score: known === undefined ? score : Math.max(known.score, score) + bonusPerQuestion,
        questions: [...(known?.questions ?? []), question],
      });
    }
  });
  const byScore = [...merged.values()].sort(
    (a, b) => b.score - a.score || (a.url < b.url ? -1 : 1),
  );
  const first = hitsByQuestion.flatMap((_, question) => {
    const best = byScore.find(({ questions }) => questions.includes(question));
    return best === undefined ? [] : [best];
  });
  return [...new Set([...first, ...byScore])];
}

/** The same key for spellings of one address: scheme, case of host, fragment, tracking, last slash. */
export function addressKey(url: string): string {
  const [beforeFragment = ''] = url.split('#');
  const [address = '', query = ''] = beforeFragment.split('?');
  const kept = query
    .split('&')
    .filter((part) => part !== '' && !/^(utm_\w+|gclid|fbclid|ref)=/.test(part))
    .sort();
  const [, host = '', path = ''] = /^https?:\/\/([^/]*)(.*)$/i.exec(address) ?? ['', '', address];
  const plain = host.toLowerCase().replace(/^www\./, '') + path.replace(/\/+$/, '');
  return kept.length === 0 ? plain : `${plain}?${kept.join('&')}`;
}
