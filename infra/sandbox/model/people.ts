/**
 * Finds the people a text names: in the directory it was given, or as an address. A name that fits
 * several people, or nobody, is reported and never guessed.
 */
import { isJsonObject, type Json } from '#contracts/json.ts';

export type Named = { readonly name: string; readonly email: string };

/** Who a text names. */
export type PeopleWords = {
  readonly people: readonly Named[];
  readonly ambiguous: readonly { readonly name: string; readonly candidates: readonly Named[] }[];
  readonly unknown: readonly string[];
  readonly rest: string;
};

const address = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
const notNames = new Set(
  (
    'monday tuesday wednesday thursday friday saturday sunday january february march april may june ' +
    'july august september october november december today tomorrow i me my myself mine them him her ' +
    'us it the a an our this that these those all each next last no any some morning afternoon ' +
    'evening meeting mail mails email calendar work q1 q2 q3 q4 find schedule book invite please ' +
    'whom what who hi hello re inbox someone somebody anyone anybody everybody everyone team'
  ).split(' '),
);

/** The people of the directory as a request brings them. */
export function directoryOf(value: Json | undefined): readonly Named[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).flatMap((person) =>
    isJsonObject(person) && typeof person.name === 'string' && typeof person.email === 'string'
      ? [{ name: person.name, email: person.email.toLowerCase() }]
      : [],
  );
}

/** Reads who is meant. `rest` is the text without them. */
export function readPeople(text: string, directory: readonly Named[]): PeopleWords {
  const found = new Map<string, Named>();
  const ambiguous: { name: string; candidates: readonly Named[] }[] = [];
  let rest = text.replaceAll(address, (match) => {
    const email = match.toLowerCase();
    const known = directory.find((person) => person.email === email);
    found.set(email, known ?? { name: nameOfAddress(email), email });
    return ' ';
  });
  for (const person of directory) {
    const pattern = wordPattern(person.name);
    if (!pattern.test(rest)) continue;
    found.set(person.email, person);
    rest = rest.replaceAll(new RegExp(pattern, 'giu'), ' ');
  }
  for (const [word, candidates] of byWord(directory)) {
    const pattern = wordPattern(word);
    const match = pattern.exec(rest);
    if (match === null) continue;
    const [only] = candidates;
    if (candidates.length === 1 && only !== undefined) found.set(only.email, only);
    else ambiguous.push({ name: capital(word), candidates });
    rest = rest.replaceAll(new RegExp(pattern, 'giu'), ' ');
  }
  const unknown = unknownNames(rest);
  for (const name of unknown) rest = rest.replace(name, ' ');
  return { people: [...found.values()], ambiguous, unknown, rest: tidy(rest) };
}

/** The first name, for sentences and titles. */
export function firstName({ name }: Named): string {
  return name.split(' ')[0] ?? name;
}

/** `Bob`, `Bob and Carla`, `Bob, Carla and Dana`. */
export function listNames(people: readonly Named[]): string {
  const names = people.map(firstName);
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

function byWord(directory: readonly Named[]): Map<string, Named[]> {
  const words = new Map<string, Named[]>();
  for (const person of directory) {
    for (const word of new Set(person.name.toLowerCase().split(/\s+/))) {
      if (word.length < 2) continue;
      words.set(word, [...(words.get(word) ?? []), person]);
    }
  }
  return words;
}

function wordPattern(words: string): RegExp {
  const escaped = words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\s+/g, '\\s+');
  return new RegExp(`(?<![\\p{L}\\d])${escaped}(?:['’]s)?(?![\\p{L}\\d])`, 'iu');
}

/** Capitalised words where a person would stand, and a lone word after "with". */
function unknownNames(text: string): string[] {
  const capitalised =
    /(?:\b(?:with|invite|inviting|tell|ask|from|to|email|mail|and|let|remind|notify|inform|cc)|,)\s+((?:\p{Lu}[\p{L}'’-]+)(?:\s+\p{Lu}[\p{L}'’-]+)*)/gu;
  const names = [...text.matchAll(capitalised)].map(([, name]) =>
    (name ?? '').replace(/['’]s$/, ''),
  );
  const lone = /\bwith (\p{Ll}[\p{L}'-]+)\b/u.exec(text)?.[1];
  if (lone !== undefined) names.push(lone);
  return [...new Set(names)].filter(
    (name) =>
      name !== '' &&
      !name
        .toLowerCase()
        .split(' ')
        .every((word) => notNames.has(word)),
  );
}

function nameOfAddress(email: string): string {
  const local = email.split('@')[0] ?? email;
  return local.split(/[._-]/).map(capital).join(' ');
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

function tidy(text: string): string {
  return text
    .replaceAll(/\b(with|and|invite|for)\s+(?=(?:and|,|with)\b)/gi, ' ')
    .replaceAll(/\s+([,.])/g, '$1')
    .replaceAll(/(?:,\s*)+,/g, ',')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
