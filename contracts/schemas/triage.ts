/** Triage of incoming mail: the tool's input and output, and the classes. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { accountNameSchema, unreachableSchema } from './common.ts';

/** What becomes of a mail, most pressing first. */
const triageClasses = ['urgent', 'needs_reply', 'fyi', 'can_wait', 'spam'] as const;
export const triageClassSchema = z.enum(triageClasses);
export type TriageClass = z.infer<typeof triageClassSchema>;

export const triageInboxInputSchema = z.strictObject({
  /** One of the person's accounts; all of them when absent. */
  account: accountNameSchema.nullish(),
  /** Most mails to classify; the rest waits for the next run. */
  limit: z.int().min(1).max(limits.triageMailsMax).nullish(),
  /** Whether mails that need a reply get a draft; true when absent. */
  drafts: z.boolean().nullish(),
});

/** A mail with its class, as the report and later steps see it. */
const triagedMailSchema = z.object({
  account: z.string(),
  messageId: z.string(),
  threadId: z.string(),
  from: z.string(),
  subject: z.string(),
  class: triageClassSchema,
  reason: z.string(),
  /** 0 to 1, as the model says. */
  confidence: z.number(),
  /** What an urgent mail says; null for the others. */
  summary: z.string().nullable(),
});
export type TriagedMail = z.infer<typeof triagedMailSchema>;

export const triageInboxOutputSchema = z.object({
  counts: z.object({
    urgent: z.int(),
    needs_reply: z.int(),
    fyi: z.int(),
    can_wait: z.int(),
    spam: z.int(),
  }),
  /** Urgent mails and those that need a reply; the others are in the counts. */
  mails: z.array(triagedMailSchema),
  /** Threads that got a draft. */
  drafts: z.array(z.object({ account: z.string(), threadId: z.string(), subject: z.string() })),
  /** Accounts whose mailbox could not say everything that came in since the last run. */
  gaps: z.array(z.object({ account: z.string(), since: z.string() })),
  /** Accounts that could not be read this time; their mail waits for the next. */
  unreachable: unreachableSchema,
  /** Mails that are known and not classified yet. */
  waiting: z.int(),
});
export type TriageInboxOutput = z.infer<typeof triageInboxOutputSchema>;
