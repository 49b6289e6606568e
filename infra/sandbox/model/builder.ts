/**
 * Collects the steps and questions of one plan, and remembers what earlier clauses found so that
 * "them" and "the summary" in later ones mean something. Dependencies follow from references.
 */
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import type { PlanStep, Question } from '#contracts/schemas/plan.ts';
import type { ToolName } from '#contracts/tools.ts';
import { accountTools } from './accounts.ts';
import { directoryOf, firstName, type Named, type PeopleWords, readPeople } from './people.ts';

/** What a step may say besides its tool and input. */
export type StepOptions = { readonly critical?: boolean; readonly checkpoint?: boolean };

/** A plan in the making. */
export class PlanBuilder {
  readonly steps: PlanStep[] = [];
  readonly questions: Question[] = [];
  readonly notes: string[] = [];
  readonly me: Named;
  /** The people of the directory. */
  readonly directory: readonly Named[];
  /** Its rooms: those whose name begins so. Nobody means one by a word of its name alone. */
  readonly rooms: readonly Named[];
  readonly constraints: string;
  /** Documents that the person said belong to this goal. */
  readonly attachments: readonly { documentId: string }[];
  /** Which revision this is; 0 for the first plan. Keeps ids of new steps apart. */
  readonly revisionNumber: number;
  readonly #answers: readonly { question: string; answer: string }[];
  /** People the latest clause was about. */
  people: readonly Named[] = [];
  /** References to what earlier clauses found, for mails and summaries. */
  materials: string[] = [];
  /** The account the clause at hand is about; null when it names none. */
  account: string | null = null;
  /** The latest searchMail step. */
  mailStep: string | undefined;

  constructor(data: JsonObject) {
    const me = isJsonObject(data.me) ? data.me : {};
    const email = typeof me.email === 'string' ? me.email : 'me@example.com';
    this.me = { name: typeof me.name === 'string' ? me.name : email, email };
    const everyone = directoryOf(data.people);
    this.rooms = everyone.filter(({ name }) => /^room\b/i.test(name));
    this.directory = everyone.filter((person) => !this.rooms.includes(person));
    const { revision } = data;
    const number = isJsonObject(revision) ? revision.number : 0;
    this.revisionNumber = typeof number === 'number' ? number : 0;
    this.constraints = [data.constraints, data.context].flat().map(textOf).join('. ');
    this.attachments = [...textOf(data.context).matchAll(/\bdocumentId ([\w-]{8,64})\b/g)].map(
      ([, documentId = '']) => ({ documentId }),
    );
    this.#answers = (Array.isArray(data.answers) ? (data.answers as Json[]) : []).flatMap((item) =>
      isJsonObject(item) ? [{ question: textOf(item.question), answer: textOf(item.answer) }] : [],
    );
  }

  /** Adds a step and returns its id. */
  add(
    tool: ToolName,
    name: string,
    input: JsonObject,
    rationale: string,
    options: StepOptions = {},
  ): string {
    const taken = this.steps.filter(({ id }) => id.replace(/_\d+$/, '') === name).length;
    const id = taken === 0 ? name : `${name}_${taken + 1}`;
    this.steps.push({
      id,
      tool,
      input: { ...this.#inAccount(tool), ...input } as PlanStep['input'],
      rationale,
      critical: options.critical ?? true,
      requiresConfirmation: false,
      dependsOn: dependenciesOf(input),
      checkpoint: options.checkpoint ?? false,
    });
    return id;
  }

  #inAccount(tool: ToolName): JsonObject {
    return this.account !== null && accountTools.has(tool) ? { account: this.account } : {};
  }

  /** The person's answer to a question that began like this, latest first. */
  answer(start: string): string | undefined {
    return this.#answers.findLast(({ question }) => question.startsWith(start))?.answer;
  }

  /** Asks once. */
  ask(id: string, question: string, choices: readonly string[] = []): void {
    if (this.questions.some((asked) => asked.id === id)) return;
    this.questions.push({ id, question, choices: [...choices].slice(0, 10) });
  }

  /** Reads people out of a text, using answers for names that were asked about. */
  readPeople(text: string): PeopleWords {
    const read = readPeople(text, [...this.directory, this.me]);
    const people = new Map(read.people.map((person) => [person.email, person]));
    const unknown: string[] = [];
    const ambiguous = read.ambiguous.filter(({ name, candidates }) => {
      const answer = this.answer(`Which ${name} `);
      const chosen = answer === undefined ? [] : readPeople(answer, candidates).people;
      for (const person of chosen) people.set(person.email, person);
      return chosen.length === 0;
    });
    for (const name of read.unknown) {
      const answer = this.answer(`Who is ${name}?`);
      const meant = answer === undefined ? [] : readPeople(answer, this.directory).people;
      for (const person of meant) people.set(person.email, person);
      if (meant.length === 0) unknown.push(name);
    }
    people.delete(this.me.email);
    return { people: [...people.values()], ambiguous, unknown, rest: read.rest };
  }

  /** Asks who is meant by names that fit nobody or several. True when it asked. */
  askWho({ ambiguous, unknown }: Pick<PeopleWords, 'ambiguous' | 'unknown'>): boolean {
    for (const { name, candidates } of ambiguous) {
      const choices = candidates.map((person) => `${person.name} <${person.email}>`);
      this.ask(idOf('which', name), `Which ${name} do you mean?`, choices);
    }
    for (const name of unknown) {
      this.ask(idOf('who', name), `Who is ${name}? Give an e-mail address or a name I know.`);
    }
    return ambiguous.length + unknown.length > 0;
  }

  /** The people a pronoun stands for. */
  meant(text: string): readonly Named[] {
    return /\b(?:them|him|her|both|all|everyone|everybody|participants|attendees|guests)\b/i.test(
      text,
    )
      ? this.people
      : [];
  }

  /** The text with each room's name as its address, by which it is found. */
  roomsNamed(text: string): string {
    return this.rooms.reduce((rest, { name, email }) => {
      const pattern = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\s+/g, '\\s+');
      return rest.replaceAll(new RegExp(`\\b${pattern}\\b`, 'gi'), email);
    }, text);
  }

  /** How to address the readers of a mail; undefined for several or unknown ones. */
  recipientName(people: readonly Named[]): string | null {
    const [only] = people;
    return people.length === 1 && only !== undefined ? firstName(only) : null;
  }
}

/** A reference to a step's output. */
export function outputOf(stepId: string, path: string): string {
  return `{{steps.${stepId}.output.${path}}}`;
}

/** The steps a value refers to. */
export function dependenciesOf(value: Json): string[] {
  const found = JSON.stringify(value).matchAll(/\{\{steps\.([a-z0-9_]+)\.output/g);
  return [...new Set([...found].map(([, id]) => id ?? ''))];
}

/** A value as text; empty for what is none. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function idOf(prefix: string, name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
  return `${prefix}_${plain}`.slice(0, 32);
}
