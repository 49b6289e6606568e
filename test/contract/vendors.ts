/**
 * Turns Google's published discovery documents into JSON Schema and checks real traffic against
 * them, both what a client sends and what the sandbox answers. It knows no rule of its own.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

interface DiscoveryMethod {
  id?: string;
  httpMethod: string;
  path: string;
  parameters?: Record<string, { location?: string; required?: boolean; enum?: string[] }>;
  request?: { $ref: string };
  response?: { $ref: string };
}

interface DiscoveryResource {
  methods?: Record<string, DiscoveryMethod>;
  resources?: Record<string, DiscoveryResource>;
}

interface DiscoveryDocument extends DiscoveryResource {
  servicePath: string;
  parameters?: Record<string, unknown>;
  schemas: Record<string, unknown>;
}

/** One request and its answer, as seen on the wire. */
export interface Exchange {
  method: string;
  url: string;
  requestBody: string;
  status: number;
  responseBody: string;
}

/** Keywords of discovery that are no JSON Schema, or that say nothing about the wire. */
const dropped = new Set([
  'required',
  'description',
  'annotations',
  'id',
  'enumDescriptions',
  'enumDeprecated',
  'readOnly',
  'deprecated',
  'default',
  'pattern',
  'format',
]);

/** One discovery schema as JSON Schema; objects are closed, so that a misspelt field fails. */
export function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (typeof value !== 'object' || value === null) return value;
  const source = value as Record<string, unknown>;
  const schema: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(source)) {
    if (key === '$ref') schema.$ref = `#/definitions/${String(part)}`;
    else if (dropped.has(key) || (key === 'type' && part === 'any')) continue;
    else if (key === 'minimum' || key === 'maximum') schema[key] = Number(part);
    else if (key === 'properties') schema.properties = mapValues(part as object, toJsonSchema);
    else schema[key] = toJsonSchema(part);
  }
  if (source.type === 'string' && /^u?int64$/.test(String(source.format))) {
    schema.pattern = '^-?\\d+$';
  }
  if (schema.properties && schema.additionalProperties === undefined) {
    schema.additionalProperties = false;
  }
  return schema;
}

function mapValues(object: object, change: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** The error body that both Google services answer with. */
const errorSchema = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['errors', 'code', 'message'],
      additionalProperties: false,
      properties: {
        code: { type: 'integer' },
        message: { type: 'string' },
        status: { type: 'string' },
        errors: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            required: ['domain', 'reason', 'message'],
            additionalProperties: false,
            properties: {
              domain: { type: 'string' },
              reason: { type: 'string' },
              message: { type: 'string' },
              locationType: { type: 'string' },
              location: { type: 'string' },
            },
          },
        },
      },
    },
  },
};

/** The published contract of one service. */
export class VendorContract {
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #methods: { template: RegExp; method: DiscoveryMethod }[] = [];
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #common: Set<string>;
  readonly #isError: ValidateFunction;

  constructor(document: DiscoveryDocument) {
    const definitions = mapValues(document.schemas, toJsonSchema);
    // The trimmed document refers to a few schemas it leaves out; those are not checked.
    for (const name of JSON.stringify(document).matchAll(/"\$ref":"(\w+)"/g)) {
      definitions[name[1]!] ??= {};
    }
    for (const name of Object.keys(definitions)) {
      const schema = { $ref: `#/definitions/${name}`, definitions };
      this.#validators.set(name, this.#ajv.compile(schema));
    }
    this.#isError = this.#ajv.compile(errorSchema);
    this.#common = new Set(Object.keys(document.parameters ?? {}));
    this.#collect(document, document.servicePath);
  }

  #collect(resource: DiscoveryResource, servicePath: string): void {
    for (const method of Object.values(resource.methods ?? {})) {
      const escaped = `/${servicePath}${method.path}`.replace(/\{\+?\w+\}/g, '[^/]+');
      this.#methods.push({ template: new RegExp(`^${escaped}$`), method });
    }
    for (const child of Object.values(resource.resources ?? {})) this.#collect(child, servicePath);
  }

  /** Everything in an exchange that the contract does not allow. */
  violations(exchange: Exchange): string[] {
    const { pathname, searchParams } = new URL(exchange.url);
    const found = this.#methods.find(
      ({ template, method }) => method.httpMethod === exchange.method && template.test(pathname),
    );
    if (!found) return [`no published method for ${exchange.method} ${pathname}`];
    const { method } = found;
    const problems: string[] = [];
    for (const [name, value] of searchParams) {
      const parameter = method.parameters?.[name];
      if (!parameter && !this.#common.has(name)) problems.push(`unknown parameter ${name}`);
      if (parameter?.enum && !parameter.enum.includes(value)) problems.push(`${name}=${value}`);
    }
    if (method.request && exchange.requestBody !== '') {
      // The null of a patch takes a field away; the published schemas do not mention it.
      const patch = exchange.method === 'PATCH';
      const sent = patch ? withoutNulls(exchange.requestBody) : exchange.requestBody;
      problems.push(...this.#check('request', method.request.$ref, sent));
    }
    if (exchange.status >= 400) {
      if (!this.#isError(JSON.parse(exchange.responseBody))) {
        problems.push(`error body: ${this.#ajv.errorsText(this.#isError.errors)}`);
      }
    } else if (exchange.responseBody !== '') {
      const name = method.response?.$ref;
      if (name) problems.push(...this.#check('answer', name, exchange.responseBody));
      else problems.push('an answer where the contract has none');
    }
    return problems.map((problem) => `${exchange.method} ${pathname}: ${problem}`);
  }

  #check(what: string, name: string, body: string): string[] {
    const validate = this.#validators.get(name);
    if (!validate) return [`${what}: no schema ${name}`];
    return validate(JSON.parse(body)) ? [] : [`${what}: ${this.#ajv.errorsText(validate.errors)}`];
  }
}

function withoutNulls(body: string): string {
  return JSON.stringify(JSON.parse(body, (_, value: unknown) => value ?? undefined));
}

/** Reads one of the contracts kept beside this file. */
export function readContract(name: 'google-calendar-v3' | 'google-gmail-v1'): VendorContract {
  const file = new URL(`./vendors/${name}.json`, import.meta.url);
  return new VendorContract(JSON.parse(readFileSync(file, 'utf8')) as DiscoveryDocument);
}
