/**
 * What clients send about mail, checked before anything acts on it. A member that Graph's contract
 * does not know is refused, as Graph does.
 */
import { z } from 'zod';
import { GraphError } from './errors.ts';

const emailAddress = z.strictObject({
  name: z.string().nullish(),
  address: z.string().nullish(),
});
const recipient = z.strictObject({ emailAddress: emailAddress.nullish() });
const recipients = z.array(recipient);
const contentBody = z.strictObject({
  contentType: z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(['text', 'html']).nullish(),
  ),
  content: z.string().nullish(),
});
const dateTime = z.strictObject({ dateTime: z.string(), timeZone: z.string().nullish() });

/** A file to hang on a draft. */
export const attachmentSchema = z.strictObject({
  '@odata.type': z.literal('#microsoft.graph.fileAttachment'),
  name: z.string().min(1),
  contentBytes: z.string(),
  contentType: z.string().nullish(),
  contentId: z.string().nullish(),
  contentLocation: z.string().nullish(),
  isInline: z.boolean().nullish(),
  size: z.number().nullish(),
});

/** What a client says of a file before it uploads it. */
export const uploadSchema = z.strictObject({
  AttachmentItem: z.strictObject({
    attachmentType: z.literal('file'),
    name: z.string().min(1),
    size: z.number().int().positive().max(150_000_000),
    contentType: z.string().nullish(),
    contentId: z.string().nullish(),
    isInline: z.boolean().nullish(),
  }),
});

/** A message as a client writes it. */
export const messageSchema = z.strictObject({
  '@odata.type': z.literal('#microsoft.graph.message').optional(),
  subject: z.string().nullish(),
  body: contentBody.nullish(),
  from: recipient.nullish(),
  sender: recipient.nullish(),
  toRecipients: recipients.nullish(),
  ccRecipients: recipients.nullish(),
  bccRecipients: recipients.nullish(),
  replyTo: recipients.nullish(),
  internetMessageId: z.string().nullish(),
  importance: z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(['low', 'normal', 'high']).nullish(),
  ),
  categories: z.array(z.string()).nullish(),
  isRead: z.boolean().nullish(),
  flag: z
    .strictObject({
      flagStatus: z.enum(['notFlagged', 'flagged', 'complete']).nullish(),
      startDateTime: dateTime.nullish(),
      dueDateTime: dateTime.nullish(),
      completedDateTime: dateTime.nullish(),
    })
    .nullish(),
  inferenceClassification: z.enum(['focused', 'other']).nullish(),
  internetMessageHeaders: z
    .array(z.strictObject({ name: z.string(), value: z.string() }))
    .nullish(),
  attachments: z.array(attachmentSchema).nullish(),
  singleValueExtendedProperties: z
    .array(z.strictObject({ id: z.string(), value: z.string() }))
    .nullish(),
});

/** A message as given, checked. */
export type GivenMessage = z.infer<typeof messageSchema>;

/** The body of createReply, createForward, reply and forward. */
export const answerSchema = z.strictObject({
  comment: z.string().nullish(),
  message: messageSchema.nullish(),
  toRecipients: recipients.nullish(),
});

/** The body of sendMail. */
export const sendMailSchema = z.strictObject({
  message: messageSchema,
  saveToSentItems: z.boolean().nullish(),
});

/** Reads a body; actions take their parameters in any case. @throws GraphError 400. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const message =
    unknown === undefined
      ? `Cannot convert a value to the expected type: ${path || 'body'}.`
      : `The property '${unknown}' does not exist on type 'microsoft.graph.message'. Make sure to only use property names that are defined by the type.`;
  throw new GraphError(400, 'RequestBodyRead', message);
}

/** The same parameters with their first letter small: the contract writes it large, the docs small. */
export function smallNames(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      value,
    ]),
  );
}
