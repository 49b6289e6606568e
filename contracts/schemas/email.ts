/** E-mail tools: their inputs as a plan writes them, their outputs, and the payloads that are approved. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import {
  accountNameSchema,
  addressSchema,
  lineSchema,
  subjectSchema,
  unreachableSchema,
} from './common.ts';

const recipientsSchema = z.array(addressSchema).max(limits.recipientsMax);
const bodySchema = z.string().min(1).max(limits.emailBodyMaxChars);

export const searchMailInputSchema = z.strictObject({
  /** One query language over providers: from: to: subject: newer_than: has:attachment "phrase" -word. */
  query: lineSchema(500).min(1),
  limit: z.int().min(1).max(limits.mailSearchMax).nullish(),
  account: accountNameSchema.nullish(),
});
export const readThreadInputSchema = z.strictObject({
  threadId: lineSchema(200).min(1),
  account: accountNameSchema.nullish(),
});
export const findContactInputSchema = z.strictObject({ name: lineSchema(200).min(1) });
export const sendEmailInputSchema = z.strictObject({
  to: recipientsSchema.min(1),
  cc: recipientsSchema.nullish(),
  bcc: recipientsSchema.nullish(),
  subject: subjectSchema.min(1),
  body: bodySchema,
  /** Provider id of the message this answers; threading headers come from it. */
  replyToMessageId: lineSchema(200).nullish(),
  account: accountNameSchema.nullish(),
});
export const createDraftInputSchema = sendEmailInputSchema;

/** A message as steps pass it on: minimal, with the first 500 characters only. */
export const messageSummarySchema = z.object({
  id: z.string(),
  /** The account whose mailbox has it. */
  account: z.string(),
  threadId: z.string(),
  from: z.object({ name: z.string().nullable(), email: z.string() }),
  to: z.array(z.string()),
  subject: z.string(),
  date: z.string(),
  unread: z.boolean(),
  excerpt: z.string(),
  /** The whole text is kept once in Postgres under this id. Null where only the excerpt was fetched. */
  documentId: z.string().nullable(),
});
export type MessageSummary = z.infer<typeof messageSummarySchema>;
export const searchMailOutputSchema = z.object({
  messages: z.array(messageSummarySchema),
  truncated: z.boolean(),
  unreachable: unreachableSchema,
});
export const readThreadOutputSchema = z.object({
  threadId: z.string(),
  account: z.string(),
  subject: z.string(),
  messages: z.array(messageSummarySchema),
  /** The newest message not written by the person: what a reply answers. */
  lastReceived: messageSummarySchema.nullable(),
});
export const findContactOutputSchema = z.object({
  name: z.string(),
  email: z.string(),
  foundIn: z.enum(['directory', 'mail']),
});

/** A complete mail. Vendor-neutral; what is approved is exactly what is sent. */
const emailPayloadShape = {
  account: addressSchema,
  fromName: z.string().nullable(),
  to: recipientsSchema.min(1),
  cc: recipientsSchema,
  bcc: recipientsSchema,
  subject: subjectSchema.min(1),
  body: bodySchema,
  reply: z
    .strictObject({
      messageId: z.string(),
      threadId: z.string(),
      inReplyTo: z.string(),
      references: z.array(z.string()),
      /** Newest message of the thread when prepared. */
      threadHead: z.string(),
    })
    .nullable(),
};
export const sendEmailPayloadSchema = z.strictObject({
  kind: z.literal('sendEmail'),
  ...emailPayloadShape,
});
export const createDraftPayloadSchema = z.strictObject({
  kind: z.literal('createDraft'),
  ...emailPayloadShape,
});
export type SendEmailPayload = z.infer<typeof sendEmailPayloadSchema>;
export type CreateDraftPayload = z.infer<typeof createDraftPayloadSchema>;

export const emailReceiptSchema = z.object({
  account: z.string(),
  messageId: z.string().nullable(),
  draftId: z.string().nullable(),
  threadId: z.string().nullable(),
  subject: z.string(),
  to: z.array(z.string()),
});
export type EmailReceipt = z.infer<typeof emailReceiptSchema>;
