/**
 * The part of OData's `$filter` that Outlook serves: comparisons, text functions, `and`, `or`,
 * `not`, brackets and `any`. Anything else is refused, never ignored.
 */
import { badRequest } from './errors.ts';

/** A value that a filter compares; instants are milliseconds since the epoch. */
export type FilterValue = string | number | boolean | null | readonly string[] | undefined;

/** Reads a property of an item by its path, such as `from/emailAddress/address`. */
export type ReadProperty<Item> = (item: Item, path: string) => FilterValue;

/** A filter that can be asked, and the properties it names in their order. */
export interface Filter<Item> {
  readonly matches: (item: Item) => boolean;
  readonly properties: readonly string[];
}

type Test<Item> = (item: Item) => boolean;

/**
 * Reads a filter.
 * @param known the properties that may be named
 * @param readProperty asked for `properties:<id>` where a filter names an extended property
 * @throws GraphError 400
 */
export function parseFilter<Item>(
  text: string,
  known: ReadonlySet<string>,
  readProperty: ReadProperty<Item>,
): Filter<Item> {
  const parser = new Parser(text, known, readProperty);
  const matches = parser.whole();
  return { matches, properties: parser.properties };
}

const tokenPattern =
  /\s*(?:('(?:[^']|'')*')|(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|\d{4}-\d\d-\d\d)|(-?\d+(?:\.\d+)?)|([a-z_][\w./]*)|([():,]))/iy;

class Parser<Item> {
  readonly properties: string[] = [];
  readonly #text: string;
  readonly #tokens: string[];
  readonly #known: ReadonlySet<string>;
  readonly #read: ReadProperty<Item>;
  #at = 0;

  constructor(text: string, known: ReadonlySet<string>, readProperty: ReadProperty<Item>) {
    this.#text = text;
    this.#known = known;
    this.#read = readProperty;
    this.#tokens = [];
    tokenPattern.lastIndex = 0;
    while (tokenPattern.lastIndex < text.trimEnd().length) {
      const found = tokenPattern.exec(text);
      if (!found) throw this.#refuse('Syntax error.');
      this.#tokens.push(found[0].trim());
    }
  }

  whole(): Test<Item> {
    const test = this.#or();
    if (this.#at < this.#tokens.length) throw this.#refuse('Syntax error.');
    return test;
  }

  #or(): Test<Item> {
    const parts = [this.#and()];
    while (this.#takes('or')) parts.push(this.#and());
    return (item) => parts.some((part) => part(item));
  }

  #and(): Test<Item> {
    const parts = [this.#one()];
    while (this.#takes('and')) parts.push(this.#one());
    return (item) => parts.every((part) => part(item));
  }

  #one(): Test<Item> {
    if (this.#takes('not')) {
      const test = this.#one();
      return (item) => !test(item);
    }
    if (this.#takes('(')) {
      const test = this.#or();
      this.#expect(')');
      return test;
    }
    const name = this.#next();
    switch (name.toLowerCase()) {
      case 'contains':
        return this.#textFunction((text, part) => text.includes(part));
      case 'startswith':
        return this.#textFunction((text, part) => text.startsWith(part));
      case 'endswith':
        return this.#textFunction((text, part) => text.endsWith(part));
      default:
        return /\/any$/i.test(name)
          ? this.#any(name.replace(/\/any$/i, ''))
          : this.#comparison(this.#property(name));
    }
  }

  #textFunction(matches: (text: string, part: string) => boolean): Test<Item> {
    this.#expect('(');
    const path = this.#property(this.#next());
    this.#expect(',');
    const part = this.#quotedText();
    this.#expect(')');
    return (item) =>
      matches(String(this.#read(item, path) ?? '').toLowerCase(), part.toLowerCase());
  }

  #comparison(path: string): Test<Item> {
    const operator = this.#next().toLowerCase();
    const wanted = this.#value();
    if (!operators.has(operator)) throw this.#refuse(`'${operator}' is no comparison.`);
    // Texts are compared without regard to case; ids are not texts.
    const fold = (value: FilterValue): FilterValue =>
      typeof value === 'string' && !/id$/i.test(path) ? value.toLowerCase() : value;
    return (item) => {
      const value = this.#read(item, path);
      // The times of events are texts in Graph's model, and so stand in quotes.
      const instant = typeof value === 'number' && typeof wanted === 'string';
      return compare(fold(value), operator, instant ? instantMs(wanted) : fold(wanted));
    };
  }

  /** `categories/any(c:c eq 'x')`, and an extended property by id and value. */
  #any(name: string): Test<Item> {
    this.#expect('(');
    const variable = this.#next();
    this.#expect(':');
    if (name.toLowerCase() === 'singlevalueextendedproperties') return this.#extended(variable);
    const path = this.#property(name);
    if (this.#next() !== variable || this.#next().toLowerCase() !== 'eq') {
      throw this.#refuse('Only eq is served inside any().');
    }
    const wanted = this.#quotedText().toLowerCase();
    this.#expect(')');
    return (item) => {
      const values = this.#read(item, path);
      return (
        Array.isArray(values) && values.some((value) => String(value).toLowerCase() === wanted)
      );
    };
  }

  #extended(variable: string): Test<Item> {
    const given = new Map<string, string>();
    do {
      const name = this.#next();
      if (!name.startsWith(`${variable}/`) || this.#next().toLowerCase() !== 'eq') {
        throw this.#refuse('Only eq is served for extended properties.');
      }
      given.set(name.slice(variable.length + 1), this.#quotedText());
    } while (this.#takes('and'));
    this.#expect(')');
    const [id, value] = [given.get('id'), given.get('value')];
    if (id === undefined || value === undefined) {
      throw this.#refuse('An extended property is found by its id and value.');
    }
    this.properties.push('singleValueExtendedProperties');
    return (item) => this.#read(item, `properties:${id}`) === value;
  }

  #property(name: string): string {
    if (!this.#known.has(name)) {
      throw this.#refuse(`Could not find a property named '${name}'.`);
    }
    this.properties.push(name);
    return name;
  }

  #value(): FilterValue {
    const token = this.#next();
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (token === 'true' || token === 'false') return token === 'true';
    if (token === 'null') return null;
    if (/^\d{4}-/.test(token)) return Date.parse(token);
    if (/^-?\d/.test(token)) return Number(token);
    throw this.#refuse(`Unexpected '${token}'.`);
  }

  #quotedText(): string {
    const value = this.#value();
    if (typeof value !== 'string') throw this.#refuse('A text was expected.');
    return value;
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#refuse('It ends too early.');
    this.#at += 1;
    return token;
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#takes(token)) throw this.#refuse(`'${token}' was expected.`);
  }

  #refuse(why: string): Error {
    return badRequest(`Invalid filter clause: ${why} Filter: ${this.#text}`);
  }
}

/** A time without an offset is in UTC. */
function instantMs(text: string): number {
  return Date.parse(/T.*(?:Z|[+-]\d\d:\d\d)$/i.test(text) ? text : `${text}Z`);
}

const operators = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);

function compare(value: FilterValue, operator: string, wanted: FilterValue): boolean {
  const [left, right] = [value ?? null, wanted ?? null];
  if (operator === 'eq') return left === right;
  if (operator === 'ne') return left !== right;
  if (left === null || right === null) return false;
  if (operator === 'gt') return left > right;
  if (operator === 'ge') return left >= right;
  return operator === 'lt' ? left < right : left <= right;
}
