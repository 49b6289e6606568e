/** Bodies of the Responses API as OpenAI writes them: answers with usage, and errors. */
import type { Json, JsonObject } from '#contracts/json.ts';

/** A refusal in OpenAI's own form. */
export class ModelRefusal extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;

  constructor(
    status: number,
    message: string,
    code: string | null = null,
    param: string | null = null,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }

  /** The JSON body. */
  body(): JsonObject {
    const type = this.status >= 500 ? 'server_error' : 'invalid_request_error';
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }
}

/** About four characters a token, as English text has. */
export function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

/** A response and what it used. */
export type ModelResponse = JsonObject & {
  readonly usage: JsonObject & { readonly input_tokens: number; readonly output_tokens: number };
};

/** A completed response with one message. */
export function responseOf(parts: {
  readonly body: JsonObject;
  readonly text: string;
  readonly createdAt: number;
  readonly id: string;
}): ModelResponse {
  const { body, text, createdAt, id } = parts;
  const inputTokens = tokensOf(
    JSON.stringify([body.instructions ?? '', body.input ?? '', body.text ?? '']),
  );
  const outputTokens = tokensOf(text);
  const message: Json = {
    type: 'message',
    id: `msg_${id}`,
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  };
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: createdAt,
    completed_at: createdAt,
    status: 'completed',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: body.model ?? '',
    output: [message],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: body.store ?? true,
    temperature: 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    },
  };
}
