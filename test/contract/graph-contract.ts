/**
 * Checks real traffic with Microsoft Graph against its published contract, both what a client sends
 * and what the sandbox answers. The contract names types and actions but no paths, so the table
 * below says which type lives where; a path that is not in it is a violation.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Exchange } from './vendors.ts';

interface ActionOverload {
  bound: string;
  parameters: Record<string, object>;
  returns: object | null;
}

interface GraphDocument {
  actions: Record<string, ActionOverload[]>;
  definitions: Record<string, { properties?: Record<string, object> }>;
}

/** What lies at a path: one item or a list of a type, an action on a type, or what is not typed. */
interface Place {
  path: RegExp;
  type?: string;
  list?: true;
  untyped?: true;
}

const id = '[^/]+';
const place = (path: string, rest: Omit<Place, 'path'>): Place => ({
  path: new RegExp(`^${path.replaceAll('{id}', id)}$`),
  ...rest,
});

/** First match wins. Actions are found by the last segment of a path, see `#action`. */
const places: readonly Place[] = [
  place('/me', { untyped: true }),
  place('/me/mailboxSettings', { type: 'mailboxSettings' }),
  place('/me/outlook/(?:supportedTimeZones.*|masterCategories(?:/{id})?)', { untyped: true }),
  place('/me/revokeSignInSessions', { untyped: true }),
  place('/\\$batch', { untyped: true }),
  place('/me/calendar', { type: 'calendar' }),
  place('/me/calendars', { type: 'calendar', list: true }),
  place('/me/calendars/{id}', { type: 'calendar' }),
  place('/me/(?:calendar/|calendars/{id}/)?(?:events|calendarView)(?:/delta(?:\\(\\))?)?', {
    type: 'event',
    list: true,
  }),
  place('/me/(?:calendar/|calendars/{id}/)?events/{id}', { type: 'event' }),
  place('/me/events/{id}/instances', { type: 'event', list: true }),
  place('/me/mailFolders', { type: 'mailFolder', list: true }),
  place('/me/mailFolders/{id}/childFolders', { type: 'mailFolder', list: true }),
  place('/me/mailFolders/{id}', { type: 'mailFolder' }),
  place('/me/messages/\\$count', { untyped: true }),
  place('/me/(?:mailFolders/{id}/)?messages(?:/delta(?:\\(\\))?)?', {
    type: 'message',
    list: true,
  }),
  place('/me/(?:mailFolders/{id}/)?messages/{id}', { type: 'message' }),
  place('/me/messages/{id}/attachments/createUploadSession', { untyped: true }),
  place('/me/messages/{id}/attachments', { type: 'attachment', list: true }),
  place('/me/messages/{id}/attachments/{id}', { type: 'attachment' }),
  place('/me/messages/{id}(?:/attachments/{id})?/\\$value', { untyped: true }),
];

const errorSchema = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'innerError'],
      additionalProperties: false,
      patternProperties: { '^@': {} },
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        innerError: {
          type: 'object',
          required: ['date', 'request-id', 'client-request-id'],
          additionalProperties: false,
          properties: {
            date: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d$' },
            'request-id': { type: 'string' },
            'client-request-id': { type: 'string' },
          },
        },
      },
    },
  },
};

/** The published contract of Microsoft Graph, as far as the product touches it. */
export class GraphContract {
  readonly #document: GraphDocument;
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: GraphDocument) {
    this.#document = document;
    this.#ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
    this.#ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z$/);
    this.#ajv.addSchema({ $id: 'graph', definitions: openAttachments(document.definitions) });
  }

  /** The members that the contract gives a type. */
  members(type: string): string[] {
    return Object.keys(this.#document.definitions[type]?.properties ?? {});
  }

  /** Everything in an exchange that the contract does not allow. */
  violations(exchange: Exchange): string[] {
    const { pathname, searchParams } = new URL(exchange.url);
    const path = pathname.replace(/^\/v1\.0/, '');
    const found = this.#find(exchange.method, path);
    if (!found) return [`no published place for ${exchange.method} ${path}`];
    const { request, answer, type } = found;
    const problems = [
      ...this.#unknownNames(type, searchParams.get('$select')),
      ...(request ? this.#check('request', request, exchange.requestBody) : []),
      ...(exchange.status >= 400
        ? this.#check('error', errorSchema, exchange.responseBody)
        : answer
          ? this.#check('answer', answer, exchange.responseBody)
          : []),
      ...(path === '/$batch' && exchange.status === 200 ? this.#batch(exchange) : []),
    ];
    return problems.map((problem) => `${exchange.method} ${path}: ${problem}`);
  }

  #find(
    method: string,
    path: string,
  ): { request?: object; answer?: object; type?: string } | undefined {
    const action = this.#action(method, path);
    if (action) return action;
    const found = places.find((candidate) => candidate.path.test(path));
    if (!found) return undefined;
    const { type, list, untyped } = found;
    if (untyped || type === undefined) return {};
    const item = { $ref: `graph#/definitions/${type}` };
    const many = {
      type: 'object',
      required: ['value'],
      properties: { value: { type: 'array', items: item } },
      patternProperties: { '^@odata\\.(?:context|count|nextLink|deltaLink)$': {} },
      additionalProperties: false,
    };
    // A list is read with GET; whatever is posted to it becomes one item.
    const answer = list && method === 'GET' ? many : item;
    return { type, answer, ...(method === 'GET' ? {} : { request: item }) };
  }

  /** An action: `POST …/<type's collection>/{id}/<action>`, parameters in any case of letters. */
  #action(method: string, path: string): { request?: object; answer?: object } | undefined {
    const name = path.split('/').at(-1) ?? '';
    const overloads = this.#document.actions[name];
    if (method !== 'POST' || !overloads) return undefined;
    const bound = path.includes('/messages/')
      ? 'message'
      : path.includes('/events/')
        ? 'event'
        : '';
    const overload = overloads.find((candidate) => candidate.bound === bound) ?? overloads[0]!;
    const properties = Object.fromEntries(
      Object.entries(overload.parameters).flatMap(([key, schema]) => {
        const graph = intoGraph(schema);
        return [
          [key, graph],
          [key.slice(0, 1).toLowerCase() + key.slice(1), graph],
        ];
      }),
    );
    return {
      request: { type: 'object', properties, additionalProperties: false },
      ...(overload.returns ? { answer: this.#result(overload.returns) } : {}),
    };
  }

  /** What an action returns: one item, or many in the form of a list. */
  #result(returns: object): object {
    const schema = intoGraph(returns);
    if (!('type' in schema) || schema.type !== 'array') return schema;
    return {
      type: 'object',
      required: ['value'],
      properties: { value: schema },
      patternProperties: { '^@odata\\.': {} },
      additionalProperties: false,
    };
  }

  #unknownNames(type: string | undefined, select: string | null): string[] {
    if (type === undefined || select === null) return [];
    const known = this.#document.definitions[type]?.properties ?? {};
    const names = select.split(',').map((name) => name.trim());
    return names.filter((name) => !(name in known)).map((name) => `$select of unknown ${name}`);
  }

  #check(what: string, schema: object, body: string): string[] {
    if (body === '') return [];
    const key = JSON.stringify(schema);
    const validate = this.#validators.get(key) ?? this.#ajv.compile(schema);
    this.#validators.set(key, validate);
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      // MIME bodies of mail are text; what JSON must be there is checked by the client itself.
      return [];
    }
    return validate(value) ? [] : [`${what}: ${this.#ajv.errorsText(validate.errors)}`];
  }

  /** Each part of a batch is an exchange of its own. */
  #batch({ url, requestBody, responseBody }: Exchange): string[] {
    const { requests } = JSON.parse(requestBody) as {
      requests: { id: string; method: string; url: string; body?: unknown }[];
    };
    const { responses } = JSON.parse(responseBody) as {
      responses: { id: string; status: number; body?: unknown }[];
    };
    const text = (body: unknown): string => (body === undefined ? '' : JSON.stringify(body));
    return requests.flatMap((part) => {
      const answer = responses.find((candidate) => candidate.id === part.id);
      if (!answer) return [`no answer to part ${part.id}`];
      return this.violations({
        method: part.method,
        url: new URL(`/v1.0${part.url}`, url).href,
        requestBody: text(part.body),
        status: answer.status,
        responseBody: text(answer.body),
      });
    });
  }
}

/** A schema of the document, with its references pointing into the registered definitions. */
function intoGraph(schema: object): object {
  const text = JSON.stringify(schema).replaceAll('"#/definitions/', '"graph#/definitions/');
  return JSON.parse(text) as object;
}

/**
 * The definitions with attachments open to the members of their kinds: an attachment in a list is
 * one of several derived types, named by `@odata.type`.
 */
function openAttachments(definitions: GraphDocument['definitions']): object {
  const { attachment, fileAttachment, itemAttachment } = definitions;
  const properties = {
    ...fileAttachment?.properties,
    ...itemAttachment?.properties,
    ...attachment?.properties,
  };
  return { ...definitions, attachment: { ...attachment, properties } };
}

/** Reads the contract kept beside this file. */
export function readGraphContract(): GraphContract {
  const file = new URL('./vendors/graph-v1.json', import.meta.url);
  return new GraphContract(JSON.parse(readFileSync(file, 'utf8')) as GraphDocument);
}
