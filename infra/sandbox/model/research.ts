/**
 * How the sandbox's rule-based model answers the three steps of research: it splits a question by
 * rules, copies sentences that fit, and joins them. It leaves out whatever speaks to an assistant.
 */

type Page = { readonly documentId: string; readonly title: string; readonly text: string };
type NumberedClaim = { readonly number: number; readonly claim: string };

/** What the handlers read from a request; anything missing counts as empty. */
type ResearchData = {
  readonly question?: unknown;
  readonly maxQuestions?: unknown;
  readonly maxClaims?: unknown;
  readonly pages?: unknown;
  readonly claims?: unknown;
};

/** Handlers by schema name, for the registry in handlers.ts. */
export const researchHandlers = {
  research_questions: (data: unknown) => splitQuestion(data as ResearchData),
  claims: (data: unknown) => findClaims(data as ResearchData),
  synthesis: (data: unknown) => joinClaims(data as ResearchData),
} as const satisfies Record<string, (data: unknown) => unknown>;

const asks =
  /^(please |can you |could you )?(research|brief me on|find out( about)?|look into|look up|investigate|tell me about|summari[sz]e what is known about|what do we know about|prepare (me )?(a )?brief(ing)? (on|about))\s+/i;
const deadline =
  /[,\s]+(before|by|until|for) (next |this )?(mon|tues|wednes|thurs|fri|satur|sun)day\b.*$/i;
const toAssistants =
  /\b(ignore (all |any )?(previous|prior|above)|AI assistants?|language model|system prompt|the user('s)? (has|mailbox)|you must now|^system:)/i;
const common = new Set(
  'a about an and are as at be by for from has have how in is it its of on or that the this to was what when where which who why will with new risks problems'.split(
    ' ',
  ),
);

function splitQuestion({ question, maxQuestions }: ResearchData): { questions: string[] } {
  const said = textOf(question).trim();
  const topic = said
    .replace(asks, '')
    .replace(deadline, '')
    .replace(/[.?!]+$/, '')
    .trim();
  const most = typeof maxQuestions === 'number' ? maxQuestions : 3;
  const isQuestion = /^(what|how|why|when|where|who|which|is|are|does|do|can)\b/i.test(topic);
  const questions = isQuestion
    ? [topic, `${topic} risks problems`]
    : [topic, `${topic} news results market`, `${topic} risks problems delays`];
  return { questions: questions.slice(0, most) };
}

function findClaims({ question, pages, maxClaims }: ResearchData) {
  const wanted = new Set(words(textOf(question)));
  const most = typeof maxClaims === 'number' ? maxClaims : 5;
  const candidates = listOf<Page>(pages).flatMap(({ documentId, title, text }) => {
    const onTopic = words(title).some((word) => wanted.has(word));
    return sentencesOf(text).map((quote, at) => {
      const hits = new Set(words(quote).filter((word) => wanted.has(word))).size;
      const figures = /\d/.test(quote) ? 0.5 : 0;
      // The first sentences of a page say what it is about.
      const score = hits + (onTopic ? 1 : 0) + (hits > 0 || onTopic ? figures : 0) - at * 0.1;
      return { documentId, quote, score, relevant: hits > 0 || onTopic };
    });
  });
  const ranked = candidates
    .filter(({ relevant }) => relevant)
    .sort((a, b) => b.score - a.score || (a.quote < b.quote ? -1 : 1));
  // No page may fill the list alone.
  const perPage = new Map<string, number>();
  const spread = ranked.filter(({ documentId }) => {
    const taken = (perPage.get(documentId) ?? 0) + 1;
    perPage.set(documentId, taken);
    return taken <= 2;
  });
  const claims = spread
    .slice(0, most)
    .map(({ documentId, quote }) => ({ claim: quote, quote, documentId }));
  return { claims };
}

function joinClaims({ claims }: ResearchData) {
  const known = listOf<NumberedClaim>(claims).filter(({ claim }) => !toAssistants.test(claim));
  const used = new Set<number>();
  const sentences: { text: string; claims: number[] }[] = [];
  for (const { number, claim } of known) {
    if (used.has(number)) continue;
    used.add(number);
    const other = known.find((rival) => !used.has(rival.number) && disagree(claim, rival.claim));
    if (other === undefined) sentences.push({ text: ended(claim), claims: [number] });
    else {
      used.add(other.number);
      const text = `Sources disagree. One says: ${ended(claim)} Another says: ${ended(other.claim)}`;
      sentences.push({ text, claims: [number, other.number] });
    }
    if (sentences.length === 10) break;
  }
  return { sentences };
}

/** Much the same words with other figures. */
function disagree(a: string, b: string): boolean {
  const [wordsA, wordsB] = [new Set(words(a)), new Set(words(b))];
  const shared = [...wordsA].filter((word) => wordsB.has(word) && !/\d/.test(word)).length;
  const [figuresA, figuresB] = [figuresOf(a), figuresOf(b)];
  const differ = figuresA.length > 0 && figuresB.length > 0 && figuresA.join() !== figuresB.join();
  return differ && shared >= 6;
}

function figuresOf(text: string): string[] {
  return text.match(/\d+(?:[.,]\d+)*/g) ?? [];
}

/** Whole sentences of a useful length, line by line. */
function sentencesOf(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) => line.trim().match(/[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]+/g) ?? [])
    .map((sentence) => sentence.trim())
    .filter(({ length }) => length >= 40 && length <= 300)
    .filter((sentence) => !toAssistants.test(sentence) && !/https?:|@/.test(sentence));
}

function words(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter((word) => !common.has(word))
    .map((word) => (word.length > 3 ? word.replace(/(ies|es|s)$/, '') : word));
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf<Item>(value: unknown): readonly Item[] {
  return Array.isArray(value) ? (value as Item[]) : [];
}
