/** Every bound of the product, with its unit in its name. Nothing else may hold a magic number. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

export const limits = {
  goalTextMaxChars: 4_000,
  contextMaxChars: 8_000,
  requestBodyMaxBytes: 64 * 1024,
  planMaxSteps: 40,
  planPeopleMax: 50,
  planProblemsMax: 20,
  modelOutputMaxTokens: 16_384,
  modelMaterialMaxChars: 60_000,
  modelHeartbeatMs: 5 * second,
  planMaxDependencies: 20,
  planRepairAttempts: 2,
  planRevisionsMax: 5,
  questionsMax: 4,
  questionRoundsMax: 3,
  answerMaxChars: 2_000,
  commentMaxChars: 2_000,
  decisionsKept: 200,
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
  eventListMax: 250,
  slotLimit: 5,
  bufferMinutes: 15,
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
  modelTimeoutMs: 60 * second,
  decisionReadBackMs: 5 * second,
  reconcileForMs: 10 * minute,
  preferWaitMaxSeconds: 60,
  queryTimeoutMs: 3 * second,
  temporalTimeoutMs: 5 * second,
  readyTimeoutMs: 2 * second,
  startReconcileMs: 10 * second,
  startGraceMs: 5 * second,
  retryAfterSeconds: 5,
  pageSizeMax: 100,
  jsonDepthMax: 64,
  peopleMax: 500,
  idempotencyKeyMaxChars: 255,
} as const;

/** Timers of one goal. Tests shorten them through the goal's input. All in milliseconds. */
export type GoalTimers = {
  readonly approvalExpiresMs: number;
  readonly answerExpiresMs: number;
  /** How long an unanswered effect is looked for at the provider before a person is asked. */
  readonly reconcileForMs: number;
};

/** The timers a goal gets when its input names none. */
export const defaultTimers: GoalTimers = {
  approvalExpiresMs: limits.approvalExpiresMs,
  answerExpiresMs: limits.answerExpiresMs,
  reconcileForMs: limits.reconcileForMs,
};
