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
  /** One query language over providers; see activities/email/query.ts. */
  query: lineSchema(500).min(1),
  limit: z.int().min(1).max(limits.mailSearchMax).nullish(),
  account: accountNameSchema.nullish(),
});
export const readThreadInputSchema = z.strictObject({
  threadId: lineSchema(200).min(1),
  account: accountNameSchema.nullish(),
});
export const findContactInputSchema = z.strictObject({ name: lineSchema(200).min(1) });

/** How a mail relates to another one. */
const mailModes = ['new', 'reply', 'replyAll', 'forward'] as const;
/** A file to attach: a document of the person's, by its id. */
const attachmentInputSchema = z.strictObject({ documentId: lineSchema(64).min(1) });

export const sendEmailInputSchema = z
  .strictObject({
    /** Absent in a reply: code answers whoever the message asks to answer. */
    to: recipientsSchema.min(1).nullish(),
    /** Absent in a reply to all: code adds everyone else the message went to. */
    cc: recipientsSchema.nullish(),
    bcc: recipientsSchema.nullish(),
    /** Absent in a reply or a forward: the message's own with Re: or Fwd:. */
    subject: subjectSchema.min(1).nullish(),
    /** The text above the signature and the quoted mail. */
    body: bodySchema.nullish(),
    /** Absent: a reply where `replyToMessageId` is given, else a new mail. */
    mode: z.enum(mailModes).nullish(),
    /** Provider id of the message this answers or forwards; threading headers come from it. */
    replyToMessageId: lineSchema(200).nullish(),
    attachments: z.array(attachmentInputSchema).max(limits.attachmentsMax).nullish(),
    /** Another address of the person's to send as. */
    from: addressSchema.nullish(),
    account: accountNameSchema.nullish(),
  })
  .superRefine((input, context) => {
    const need = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const answers = input.replyToMessageId != null;
    const mode = input.mode ?? (answers ? 'reply' : 'new');
    if (mode !== 'new' && !answers) {
      need(
        'replyToMessageId',
        `is needed to ${mode === 'forward' ? 'forward' : 'reply to'} a mail`,
      );
    }
    if (mode === 'new' && answers) need('mode', 'must not be new when another mail is answered');
    if ((mode === 'new' || mode === 'forward') && input.to == null) need('to', 'is needed');
    if (mode === 'new' && input.subject == null) need('subject', 'is needed');
    if (mode !== 'forward' && input.body == null) need('body', 'is needed');
  });
export const createDraftInputSchema = sendEmailInputSchema;

export const readAttachmentInputSchema = z.strictObject({
  messageId: lineSchema(200).min(1),
  attachmentId: lineSchema(200).min(1).nullish(),
  /** Its file name, where the id is not known; may be absent when there is only one. */
  name: lineSchema(300).min(1).nullish(),
  account: accountNameSchema.nullish(),
});
const messageIdsSchema = z.array(lineSchema(200).min(1)).min(1).max(limits.mailChangesMax);
const labelsSchema = z.array(lineSchema(limits.labelMaxChars).min(1)).max(limits.labelsMax);
export const labelMailInputSchema = z
  .strictObject({
    messageIds: messageIdsSchema,
    add: labelsSchema.nullish(),
    remove: labelsSchema.nullish(),
    account: accountNameSchema.nullish(),
  })
  .refine(({ add, remove }) => (add?.length ?? 0) + (remove?.length ?? 0) > 0, {
    path: ['add'],
    message: 'or remove must name a label',
  });
export const archiveMailInputSchema = z.strictObject({
  messageIds: messageIdsSchema,
  account: accountNameSchema.nullish(),
});
export const markMailInputSchema = z.strictObject({
  messageIds: messageIdsSchema,
  as: z.enum(['read', 'unread']),
  account: accountNameSchema.nullish(),
});
const movableFolders = ['inbox', 'archive', 'spam', 'trash'] as const;
export const moveMailInputSchema = z.strictObject({
  messageIds: messageIdsSchema,
  to: z.enum(movableFolders),
  account: accountNameSchema.nullish(),
});

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
  labels: z.array(z.string()).exactOptional(),
  /** Files that came with it; readAttachment reads one. */
  attachments: z
    .array(z.object({ id: z.string(), name: z.string(), mimeType: z.string(), bytes: z.int() }))
    .exactOptional(),
  /** From what the writer wrote, without quoted mail. */
  excerpt: z.string(),
  /** The whole text is kept once in Postgres under this id. Null where only the excerpt was fetched. */
  documentId: z.string().nullable(),
});
export type MessageSummary = z.infer<typeof messageSummarySchema>;
export const searchMailOutputSchema = z.object({
  messages: z.array(messageSummarySchema),
  /** Their ids, for the tools that change several messages. */
  messageIds: z.array(z.string()),
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
/** The readable text of a file; all of it is kept as a document. */
export const readAttachmentOutputSchema = z.object({
  messageId: z.string(),
  attachmentId: z.string(),
  name: z.string(),
  mimeType: z.string(),
  documentId: z.string(),
  excerpt: z.string(),
  chars: z.int(),
  /** True when the file holds more text than is kept. */
  truncated: z.boolean(),
});

/** A file that is sent: exactly these bytes. */
const mailAttachmentSchema = z.strictObject({
  documentId: z.string(),
  name: z.string(),
  mimeType: z.string(),
  bytes: z.int(),
  sha256: z.string(),
});
export type MailAttachmentPayload = z.infer<typeof mailAttachmentSchema>;

/** A complete mail. Vendor-neutral; what is approved is exactly what is sent. */
const emailPayloadShape = {
  account: addressSchema,
  fromName: z.string().nullable(),
  to: recipientsSchema.min(1),
  cc: recipientsSchema,
  bcc: recipientsSchema,
  subject: subjectSchema.min(1),
  body: z.string().max(limits.emailBodyMaxChars),
  /** The address it is sent as, where that is not the account's own. */
  from: addressSchema.exactOptional(),
  /** Below the body, after the usual line of two dashes. */
  signature: z.string().exactOptional(),
  /** The quoted or forwarded mail, as it stands below the signature. */
  quoted: z.string().exactOptional(),
  attachments: z.array(mailAttachmentSchema).exactOptional(),
  /** How it relates to the message of `reply`; a reply where it is absent. */
  mode: z.enum(['reply', 'replyAll', 'forward']).exactOptional(),
  /** The message it answers or forwards. */
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

/** Where a message is and what is on it, as far as these tools change it. */
const markedSchema = {
  labels: z.array(z.string()),
  unread: z.boolean(),
  folder: z.string(),
};
/** Changes of marks and places of messages of one's own. */
export const changeMailPayloadSchema = z.strictObject({
  kind: z.enum(['labelMail', 'archiveMail', 'markMail', 'moveMail']),
  /** The account of the first message; each names its own. */
  account: addressSchema,
  messages: z.array(
    z.strictObject({
      account: addressSchema,
      messageId: z.string(),
      subject: z.string(),
      from: z.string(),
      before: z.strictObject(markedSchema),
      /** Exactly what differs from before; undoing takes back this and nothing else. */
      change: z.strictObject({
        addLabels: z.array(z.string()).exactOptional(),
        removeLabels: z.array(z.string()).exactOptional(),
        unread: z.boolean().exactOptional(),
        folder: z.enum(movableFolders).exactOptional(),
      }),
    }),
  ),
});
export type ChangeMailPayload = z.infer<typeof changeMailPayloadSchema>;
export const changeMailReceiptSchema = z.object({
  account: z.string(),
  /** Ids of messages that are now as asked for. */
  messageIds: z.array(z.string()),
  /** Messages that could not be changed, and why. */
  left: z.array(z.object({ messageId: z.string(), why: z.string() })),
});
