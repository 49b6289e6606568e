/**
 * Plain HTTP to one vendor with one access token, and nothing cleverer: live checks ask what the wire
 * really says, so no client library stands between. It goes to its own server only.
 */

/** One answer, looked into by names and positions. */
export class Answer {
  readonly status: number;
  readonly #body: unknown;

  constructor(status: number, body: unknown) {
    this.status = status;
    this.#body = body;
  }

  /** The text, number or truth at a place; undefined where there is none. */
  text(...place: readonly (string | number)[]): string | undefined {
    const found = this.#at(place);
    return typeof found === 'object' || found === undefined ? undefined : String(found);
  }

  /** The list at a place, each of its members looked into the same way. */
  list(...place: readonly (string | number)[]): Answer[] {
    const found = this.#at(place);
    return Array.isArray(found) ? found.map((member) => new Answer(this.status, member)) : [];
  }

  /** Whether anything stands at a place. */
  has(...place: readonly (string | number)[]): boolean {
    return this.#at(place) !== undefined;
  }

  /** A refusal or a success in a few words: `412 conditionNotMet`. */
  get said(): string {
    const reason = this.text('error', 'errors', 0, 'reason') ?? this.text('error', 'code');
    return reason === undefined ? String(this.status) : `${this.status} ${reason}`;
  }

  /** The answer itself. @throws Error with what was said when it is no success */
  must(what: string): this {
    if (this.status >= 200 && this.status < 300) return this;
    throw new Error(`${what}: ${this.said}`);
  }

  #at(place: readonly (string | number)[]): unknown {
    let found = this.#body;
    for (const name of place) {
      if (typeof found !== 'object' || found === null) return undefined;
      found = (found as Readonly<Record<string | number, unknown>>)[name];
    }
    return found;
  }
}

export type Call = {
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string;
};

/** Calls the vendor. `path` begins with a slash, or is a link of the vendor's own answer. */
export type Wire = (method: string, path: string, call?: Call) => Promise<Answer>;

/** @param origin scheme and host; links in answers may spell it with https where it is http */
export function createWire(origin: string, token: string): Wire {
  return async (method, path, { query = {}, headers = {}, body } = {}) => {
    const url = new URL(path, origin);
    if (url.host !== new URL(origin).host) throw new Error(`a link to ${url.host}`);
    url.protocol = new URL(origin).protocol;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const isText = typeof body === 'string';
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' && body === undefined ? { 'content-length': '0' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(30_000),
    });
    return new Answer(answer.status, read(await answer.text()));
  };
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
