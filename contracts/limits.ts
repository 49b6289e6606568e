/** Every bound of the product, with its unit in its name. Nothing else may hold a magic number. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

export const limits = {
  goalTextMaxChars: 4_000,
  contextMaxChars: 8_000,
  requestBodyMaxBytes: 64 * 1024,
  planPeopleMax: 50,
  planProblemsMax: 20,
  modelOutputMaxTokens: 16_384,
  modelMaterialMaxChars: 60_000,
  planMaxDependencies: 20,
  planRepairAttempts: 2,
  planRevisionsMax: 5,
  questionsMax: 4,
  questionRoundsMax: 3,
  answerMaxChars: 2_000,
  commentMaxChars: 2_000,
  decisionsKept: 200,
  /** Outcomes of control signals and answers kept for reading back. */
  controlsKept: 100,
  /** Bookkeeping in Postgres that one workflow task does at most; each entry gives up after 2 s. */
  entriesPerTask: 3,
  /** Pause before an entry is tried again; it grows by as much with every attempt. */
  bookkeepingRetryMs: 500,
  bookkeepingRetryMaxMs: 5 * second,
  instructionMaxChars: 2_000,
  /** A plan may hold this many steps when a person writes it; a model's reply is bounded by its tokens. */
  planMaxSteps: 1_000,
  planProposedMaxSteps: 40,
  stepsInParallel: 100,
  /** A run of the workflow is continued as a new one after this many history events. */
  continueAfterEvents: 4_000,
  sendDelayMs: 30 * second,
  ruleDaysMax: 30,
  ruleDailyCapMax: 100,
  batchDecisionsMax: 50,
  memberRolesMax: 20,
  planBodyMaxBytes: 512 * 1024,
  /** A goal is told again that an account works when it did not take it in within this time. */
  reconnectSignalAgainMs: 10 * minute,
  /** Reserved for a model call before it is made; settled by what the server counted. */
  modelReserveTokens: 8_000,
  /** A model call that holds its reservation longer than its activity may take has lost its worker. */
  modelReservationMs: 5 * minute,
  journalDataMaxChars: 2_000,
  /** Larger payloads are kept in Postgres, and a history holds a reference of about 300 bytes. */
  historyPayloadMaxBytes: 8 * 1024,
  /** What enters no history is stored only above this: Temporal warns at 512 KiB, refuses at 2 MiB. */
  messagePayloadMaxBytes: 500 * 1024,
  /** Below Temporal's 10 s for a workflow task, so that an outage is a failure with a reason. */
  payloadStorageTimeoutMs: 7 * second,
  payloadSweepMs: hour,
  /** How long a stored payload without a workflow is kept: time to notice a wrong address. */
  payloadGraceMs: 7 * 24 * hour,
  stepOutputMaxChars: 200_000,
  /** What a tool that lists things aims at: planner and model read it whole. */
  listOutputMaxChars: 24_000,
  excerptMaxChars: 500,
  emailBodyMaxChars: 50_000,
  subjectMaxChars: 300,
  recipientsMax: 100,
  recipientsHighStakes: 10,
  mailSearchMax: 50,
  triageMailsMax: 500,
  /** Mails that are looked at again when a mailbox has forgotten how far it was read. */
  triageResyncMax: 5_000,
  /** Mails one call of the model classifies. */
  triageBatch: 10,
  triageExamplesMax: 12,
  /** Mails of the last days that a first triage takes up. */
  triageFirstDays: 3,
  /** For so long a request whose sender is gone may be on its way to a provider. */
  inFlightMs: 10_000,
  /** For so long a reply that could not be drafted is tried again. */
  replyDueDays: 7,
  triageReasonMaxChars: 200,
  triageSummaryMaxChars: 300,
  /** Messages one step may label, mark or move: three calls each within a minute. */
  mailChangesMax: 50,
  labelsMax: 20,
  /** Gmail's own bound of a label's name. */
  labelMaxChars: 225,
  attachmentsMax: 20,
  /** All files of one mail. Gmail takes 35 MiB with the third that base64 adds. */
  attachmentsMaxBytes: 20 * 1024 * 1024,
  /** A stored document; its upload as base64 is a third larger. */
  documentMaxBytes: 10 * 1024 * 1024,
  documentsPerOwner: 1_000,
  /** Reading an attachment: its bytes, what it may unpack to, its text, and the time it may take. */
  attachmentReadMaxBytes: 10 * 1024 * 1024,
  attachmentUnpackedMaxBytes: 50 * 1024 * 1024,
  attachmentTextMaxChars: 200_000,
  attachmentReadMs: 15 * second,
  attachmentReadMemoryMb: 256,
  signatureMaxChars: 2_000,
  quotedMaxChars: 20_000,
  toneMailsMax: 40,
  eventListMax: 250,
  /** Occurrences of a series that are looked at: twelve years of working days. */
  occurrencesMax: 3_200,
  /** How far ahead occurrences of a series are compared with its rule. */
  seriesLookAheadMs: 366 * 24 * hour,
  holdMs: 72 * hour,
  holdSweepMs: 15 * second,
  fileSweepMs: hour,
  slotLimit: 5,
  meetingPeopleMax: 100,
  /** Of an answer to offered times, without what it quotes. */
  timeReplyMaxChars: 2_000,
  bufferMinutes: 15,
  reminderMinutes: 15,
  meetingMinutesMax: 24 * 60,
  pageMaxBytes: 2 * 1024 * 1024,
  pageTextMaxChars: 20_000,
  researchQuestionsMax: 4,
  researchPagesMax: 8,
  /** Text of all pages one extraction call may hold: about 15,000 tokens. */
  researchMaterialMaxChars: 60_000,
  researchClaimsPerQuestion: 5,
  researchQuoteMaxChars: 300,
  researchSummaryMaxChars: 6_000,
  searchResultsMax: 10,
  urlMaxChars: 500,
  pageRedirectsMax: 5,
  approvalExpiresMs: 72 * hour,
  answerExpiresMs: 72 * hour,
  vendorTimeoutMs: 10 * second,
  /** Outlook allows four requests at once for an app and a mailbox; one is left to others. */
  graphConcurrentMax: 3,
  /** Failures in a row of one account that make every worker wait for its provider. */
  providerFailuresMax: 5,
  /** A Retry-After from here on is waited for by the workflow, a shorter one by Temporal's retry. */
  providerWaitFromMs: 30 * second,
  /** The first pause; it doubles with every failed probe up to the longest. */
  providerWaitMs: 30 * second,
  providerWaitMaxMs: 5 * minute,
  /** The longest Retry-After that is believed. Ten hours have been seen. */
  providerAskedMaxMs: 24 * hour,
  /** Callers that waited come back one after the other, this far apart. */
  providerDrainSpacingMs: 250,
  /** Who comes while the probe is under way comes back after this. */
  providerProbePatienceMs: 5 * second,
  /** A probe that has not ended by then has died with its worker. */
  providerProbeLeaseMs: 30 * second,
  /** How long a process believes that nobody has to wait. */
  providerBelievedMs: 1 * second,
  /** An access token that ends sooner is renewed first. */
  accessTokenSpareMs: 5 * minute,
  /** Renewals of one process at once; each holds a database connection meanwhile. */
  tokenRenewalsMax: 3,
  /** How long a person has for a vendor's consent page. */
  consentMs: 10 * minute,
  /** How long a page waits for work on accounts. */
  accountRequestMs: 25 * second,
  /** A renewal that holds its account longer than this has lost its worker. */
  tokenRenewalMaxMs: 20 * second,
  /** How often every running activity tells the server that its worker lives. */
  heartbeatMs: 1_500,
  modelTimeoutMs: 60 * second,
  decisionReadBackMs: 5 * second,
  reconcileForMs: 10 * minute,
  preferWaitMaxSeconds: 60,
  queryTimeoutMs: 3 * second,
  /** A worker may have to replay the whole history of a goal that ended long ago. */
  rebuildQueryTimeoutMs: 30 * second,
  temporalTimeoutMs: 5 * second,
  readyTimeoutMs: 2 * second,
  startReconcileMs: 10 * second,
  startGraceMs: 5 * second,
  sweepEveryMs: 10 * second,
  sweepGraceMs: 5 * second,
  sweepMaxGoals: 1_000,
  retryAfterSeconds: 5,
  pageSizeMax: 100,
  jsonDepthMax: 64,
  peopleMax: 500,
  idempotencyKeyMaxChars: 255,
  journalPollMs: 250,
  eventPageSize: 100,
  eventKeepAliveMs: 15 * second,
  /** A reader that takes nothing for this long is disconnected; it resumes where it stopped. */
  slowReaderMs: 30 * second,
  streamsPerOwner: 32,
  webhooksPerOwner: 20,
  webhookPollMs: 1 * second,
  webhookTimeoutMs: 15 * second,
  webhookRotationMs: 24 * hour,
  webhookDisableAfterMs: 5 * 24 * hour,
  webhookDeliveriesShown: 50,
  webhookDeliveriesKeptMs: 30 * 24 * hour,
} as const;

/** Timers of one goal. Tests shorten them through the goal's input. All in milliseconds. */
export type GoalTimers = {
  readonly approvalExpiresMs: number;
  readonly answerExpiresMs: number;
  /** How long an unanswered effect is looked for at the provider before a person is asked. */
  readonly reconcileForMs: number;
  /** How long an approved mail can still be stopped before it leaves. Absent = not at all. */
  readonly sendDelayMs?: number;
};

/** The timers a goal gets when its input names none. */
export const defaultTimers: GoalTimers = {
  approvalExpiresMs: limits.approvalExpiresMs,
  answerExpiresMs: limits.answerExpiresMs,
  reconcileForMs: limits.reconcileForMs,
  sendDelayMs: limits.sendDelayMs,
};

/**
 * Pauses between the attempts of a webhook; the first attempt is made at once.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const webhookScheduleMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];
