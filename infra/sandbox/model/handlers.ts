/** What answers each kind of request, by the name of the requested form. Nothing else is answered. */
import type { Json, JsonObject } from '#contracts/json.ts';
import { answerEmail, answerSummary, answerTone } from './language.ts';
import { answerPlan, type ModelOptions } from './plan.ts';
import { researchHandlers } from './research.ts';
import { answerTriage } from './triage.ts';
import { answerTimeReply } from './time-reply.ts';

/** Answers a request from its data. `schema` is the form that was asked for. */
export type SchemaHandler = (data: JsonObject, options: ModelOptions, schema: JsonObject) => Json;

/** By `text.format.name`. */
export const handlers: Readonly<Record<string, SchemaHandler>> = {
  plan: answerPlan,
  summary: answerSummary,
  email: answerEmail,
  triage: answerTriage,
  timeReply: answerTimeReply,
  tone: answerTone,
  ...researchHandlers,
};
