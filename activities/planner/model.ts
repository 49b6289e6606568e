/**
 * The one way to ask a language model: structured output over the Responses API. It believes only
 * completed replies that fit the schema, and turns every other outcome into a contract failure.
 * It never retries: Temporal does.
 */
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import OpenAI from 'openai';
import type { Response } from 'openai/resources/responses/responses';
import type { z } from 'zod';
import type { ModelUsage } from '#contracts/activities.ts';
import type { Spend } from '#contracts/day-budget.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { DayBudgets, ModelCall } from '../budgets/day-budgets.ts';
import { failure } from '../failures.ts';
import { type ProviderHealth, wholeInstallation } from '../providers/health.ts';
import { modelFailure } from './model-failures.ts';
import { strictSchema } from './strict-schema.ts';

/** `primary` plans and writes; `fast` does small language work. */
export type ModelRole = 'primary' | 'fast';

/** Dollars per million tokens, which is micro-dollars per token. */
export type ModelPrice = { readonly input: number; readonly output: number };

/** What a model client needs. `fetch` is the guarded one; the server is one of its providers. */
export type ModelClientOptions = {
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly models: Readonly<Record<ModelRole, string>>;
  /** What tokens cost, for budgets of money; without prices nothing is counted. */
  readonly prices?: Readonly<Record<ModelRole, ModelPrice | undefined>>;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly health: ProviderHealth;
  readonly days: DayBudgets;
};

/** One question to the model. `data` is all it sees besides the instructions. */
export type ModelQuestion<Value> = {
  readonly call: ModelCall;
  readonly role: ModelRole;
  /** Names the reply's form, `[A-Za-z0-9_-]{1,64}`. */
  readonly schemaName: string;
  readonly schema: z.ZodType<Value>;
  /** The JSON schema to send where it is not the strict form of `schema`. */
  readonly format?: JsonObject;
  readonly instructions: string;
  readonly data: JsonObject;
  readonly signal?: AbortSignal | undefined;
};

export type ModelAnswer<Value> = { readonly value: Value; readonly usage: ModelUsage };

export type ModelClient = {
  /**
   * Asks once and returns the parsed reply.
   * @throws RateLimitedError, ModelUnavailableError, ProviderWaitError, DayBudgetReachedError,
   *   ReconnectRequiredError, PermissionDeniedError, InvalidInputError, ModelRefusedError, InvalidModelReplyError (its details hold the usage)
   */
  askModel<Value>(question: ModelQuestion<Value>): Promise<ModelAnswer<Value>>;
};

/**
 * A ModelClient on any server that speaks the Responses API.
 * @throws TypeError when the address or a model's name is empty: the vendor's client would fall back
 *   to its public address.
 */
export function createModelClient(options: ModelClientOptions): ModelClient {
  const { apiKey, baseUrl, models, timeoutMs, fetch, health, days } = options;
  if (!URL.canParse(baseUrl)) throw new TypeError('The model server’s address is not a URL.');
  if (models.primary === '' || models.fast === '') throw new TypeError('Name both models.');
  const who = { provider: `model:${new URL(baseUrl).host}`, account: wholeInstallation };
  const client = new OpenAI({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: timeoutMs,
    fetch,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
  });
  return {
    askModel: (question) =>
      traced(models[question.role], question.schemaName, async (span) => {
        const request = requestOf(models[question.role], question);
        const { call, signal } = question;
        const price = options.prices?.[question.role];
        const { response, usage } = await days.within(call, reservationOf(price), async () => {
          const answered = await health.call(who, () =>
            client.responses
              .create(request, signal === undefined ? {} : { signal })
              .catch((error: unknown) => {
                throw modelFailure(error, who, signal);
              }),
          );
          return { response: answered, usage: usageOf(answered, price) };
        });
        span.setAttributes({
          'gen_ai.response.id': usage.responseId,
          'gen_ai.usage.input_tokens': usage.inputTokens,
          'gen_ai.usage.output_tokens': usage.outputTokens,
        });
        return readAnswer(response, usage, question.schema);
      }),
  };
}

/** Runs one call in its span, which holds ids and counts and never text. */
function traced<Value>(
  model: string,
  schema: string,
  ask: (span: Span) => Promise<Value>,
): Promise<Value> {
  const attributes = { 'gen_ai.request.model': model, 'adjutant.schema': schema };
  return trace.getTracer('adjutant').startActiveSpan('model.ask', { attributes }, async (span) => {
    try {
      return await ask(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The request as it is sent: stateless, not stored at the vendor, data apart from instructions. */
function requestOf<Value>(model: string, question: ModelQuestion<Value>) {
  return {
    model,
    instructions: question.instructions,
    input: [{ role: 'user' as const, content: JSON.stringify(question.data) }],
    text: {
      format: {
        type: 'json_schema' as const,
        name: question.schemaName,
        strict: true,
        schema: { ...(question.format ?? strictSchema(question.schema)) },
      },
    },
    max_output_tokens: limits.modelOutputMaxTokens,
    store: false,
    stream: false as const,
  };
}

function readAnswer<Value>(
  response: Response,
  usage: ModelUsage,
  schema: z.ZodType<Value>,
): ModelAnswer<Value> {
  const invalid = (message: string) =>
    failure('InvalidModelReplyError', message, { details: { ...usage } });
  // A compatible server, or a proxy in between, may answer anything with status 200.
  const parts = (Array.isArray(response?.output) ? response.output : []).flatMap((item) =>
    item.type === 'message' && Array.isArray(item.content) ? item.content : [],
  );
  const refusal = parts.find((part) => part.type === 'refusal');
  if (refusal !== undefined) {
    const said = refusal.refusal.slice(0, limits.excerptMaxChars);
    throw failure('ModelRefusedError', `The model refused: ${said}`, { details: { ...usage } });
  }
  if (response.status !== 'completed') {
    const why = response.incomplete_details?.reason ?? response.error?.message ?? 'no reason given';
    throw invalid(`The model’s reply is ${response.status ?? 'without a status'}: ${why}.`);
  }
  const text = parts.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('The model’s reply is not JSON.');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data, usage };
  const issues = parsed.error.issues.slice(0, 5);
  const said = issues.map(({ path, message }) => `${path.join('.') || 'reply'}: ${message}`);
  throw invalid(`The model’s reply does not have the agreed form: ${said.join('; ')}.`);
}

/** What is reserved for a call; in money as much as these tokens can cost at most. */
function reservationOf(price: ModelPrice | undefined): Spend {
  const modelTokens = limits.modelReserveTokens;
  const dearest = price === undefined ? 0 : Math.max(price.input, price.output);
  return { modelTokens, costMicroUsd: Math.ceil(modelTokens * dearest) };
}

function usageOf(response: Response, price: ModelPrice | undefined): ModelUsage {
  const inputTokens = response?.usage?.input_tokens ?? 0;
  const outputTokens = response?.usage?.output_tokens ?? 0;
  return {
    responseId: String(response?.id ?? ''),
    model: String(response?.model ?? ''),
    inputTokens,
    outputTokens,
    ...(price === undefined
      ? {}
      : { costMicroUsd: Math.ceil(inputTokens * price.input + outputTokens * price.output) }),
  };
}
