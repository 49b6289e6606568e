/** The schemas of every tool's input and output, by name. The catalogue itself is contracts/tools.ts. */
import type { z } from 'zod';
import type { ToolName } from '../tools.ts';
import * as calendar from './calendar.ts';
import * as email from './email.ts';
import * as changes from './event-changes.ts';
import * as language from './language.ts';
import * as proposals from './proposals.ts';
import * as research from './research.ts';
import * as triage from './triage.ts';
import * as tone from './tone.ts';

/** Input and output schema of each tool. */
export const toolSchemas = {
  listEvents: { input: calendar.listEventsInputSchema, output: calendar.listEventsOutputSchema },
  findEvent: { input: calendar.findEventInputSchema, output: calendar.findEventOutputSchema },
  findTime: { input: calendar.findTimeInputSchema, output: calendar.findTimeOutputSchema },
  createEvent: { input: calendar.createEventInputSchema, output: calendar.eventReceiptSchema },
  moveEvent: { input: calendar.moveEventInputSchema, output: calendar.eventReceiptSchema },
  cancelEvent: { input: calendar.cancelEventInputSchema, output: calendar.eventReceiptSchema },
  updateEvent: { input: changes.updateEventInputSchema, output: calendar.eventReceiptSchema },
  respondToInvitation: { input: changes.respondInputSchema, output: changes.respondReceiptSchema },
  holdSlots: { input: changes.holdSlotsInputSchema, output: changes.holdSlotsReceiptSchema },
  releaseHolds: {
    input: changes.releaseHoldsInputSchema,
    output: changes.releaseHoldsReceiptSchema,
  },
  findContact: { input: email.findContactInputSchema, output: email.findContactOutputSchema },
  searchMail: { input: email.searchMailInputSchema, output: email.searchMailOutputSchema },
  readThread: { input: email.readThreadInputSchema, output: email.readThreadOutputSchema },
  createDraft: { input: email.createDraftInputSchema, output: email.emailReceiptSchema },
  sendEmail: { input: email.sendEmailInputSchema, output: email.emailReceiptSchema },
  readAttachment: {
    input: email.readAttachmentInputSchema,
    output: email.readAttachmentOutputSchema,
  },
  labelMail: { input: email.labelMailInputSchema, output: email.changeMailReceiptSchema },
  archiveMail: { input: email.archiveMailInputSchema, output: email.changeMailReceiptSchema },
  markMail: { input: email.markMailInputSchema, output: email.changeMailReceiptSchema },
  moveMail: { input: email.moveMailInputSchema, output: email.changeMailReceiptSchema },
  learnTone: { input: tone.learnToneInputSchema, output: tone.toneProfileSchema },
  summarize: { input: language.summarizeInputSchema, output: language.summarizeOutputSchema },
  composeEmail: {
    input: language.composeEmailInputSchema,
    output: language.composeEmailOutputSchema,
  },
  proposeTimes: {
    input: proposals.proposeTimesInputSchema,
    output: proposals.proposeTimesOutputSchema,
  },
  readTimeReply: {
    input: proposals.readTimeReplyInputSchema,
    output: proposals.readTimeReplyOutputSchema,
  },
  searchWeb: { input: research.searchWebInputSchema, output: research.searchWebOutputSchema },
  readPage: { input: research.readPageInputSchema, output: research.readPageOutputSchema },
  research: { input: research.researchInputSchema, output: research.researchOutputSchema },
  triageInbox: { input: triage.triageInboxInputSchema, output: triage.triageInboxOutputSchema },
} as const satisfies Record<ToolName, { input: z.ZodObject; output: z.ZodObject }>;

/** The parsed input of a tool. */
export type ToolInput<Name extends ToolName> = z.output<(typeof toolSchemas)[Name]['input']>;
