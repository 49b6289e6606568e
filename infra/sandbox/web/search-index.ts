/** A small search index: words weighed by how rare they are. Deterministic; it fetches nothing. */

/** Something that can be found. */
export type Indexed = { readonly slug: string; readonly title: string; readonly text: string };

/** A find, with a score from 0 to 1 and the part of the text that fits best. */
export type Found = { readonly page: Indexed; readonly score: number; readonly excerpt: string };

const stopWords = new Set(
  (
    'a about all an and are as at be by can do does for from has have how i in into is it its me my ' +
    'of on or our over should that the their them there these this to was we were what when where ' +
    'which who why will with you your tell find know latest recent overview'
  ).split(' '),
);

/** Splits text into comparable words: lower case, no stop words, plural endings cut. */
export function wordsIn(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter((word) => !stopWords.has(word))
    .map((word) => (word.length > 3 ? word.replace(/(ies|es|s)$/, '') : word));
}

/** Builds a search over pages. */
export function createIndex(pages: readonly Indexed[]): (query: string, limit: number) => Found[] {
  const entries = pages.map((page) => ({
    page,
    title: new Set(wordsIn(page.title)),
    words: new Set(wordsIn(`${page.title} ${page.text}`)),
  }));
  const weightOf = (word: string): number => {
    const holding = entries.filter(({ words }) => words.has(word)).length;
    return holding === 0 ? 0.5 : Math.log(1 + entries.length / holding);
  };
  return (query, limit) => {
    const wanted = [...new Set(wordsIn(query))];
    const total = wanted.reduce((sum, word) => sum + weightOf(word), 0);
    if (total === 0) return [];
    return entries
      .map(({ page, title, words }) => {
        const gained = wanted.reduce((sum, word) => {
          if (!words.has(word)) return sum;
          return sum + weightOf(word) * (title.has(word) ? 1 : 0.8);
        }, 0);
        const score = Number((gained / total).toFixed(4));
        return { page, score, excerpt: excerptOf(page.text, wanted) };
      })
      .filter(({ score }) => score >= 0.2)
      .sort((a, b) => b.score - a.score || (a.page.slug < b.page.slug ? -1 : 1))
      .slice(0, limit);
  };
}

/** The two sentences in a row that hold most of the words. */
function excerptOf(text: string, wanted: readonly string[]): string {
  const sentences = text.split(/(?<=[.!?])\s+/);
  let best = { at: 0, hits: -1 };
  sentences.forEach((sentence, at) => {
    const words = new Set(wordsIn(sentence));
    const hits = wanted.filter((word) => words.has(word)).length;
    if (hits > best.hits) best = { at, hits };
  });
  return sentences
    .slice(best.at, best.at + 2)
    .join(' ')
    .slice(0, 400);
}
