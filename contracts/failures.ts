/**
 * The closed list of failures that cross an activity's boundary. Vendor errors are mapped to one of
 * these in activities/failures.ts; nothing else is thrown on purpose.
 */

/**
 * What a failure asks for: an early retry by Temporal, a durable wait by the workflow, a person, or
 * giving the step up. Only a permanent failure says that an effect will not happen.
 */
export type FailureCategory = 'transient' | 'waiting' | 'needs_person' | 'permanent';

/** Failure types as they appear on the wire, with what to do about each and the HTTP status. */
export const failures = {
  RateLimitedError: { category: 'transient', httpStatus: 503 },
  ProviderUnavailableError: { category: 'transient', httpStatus: 503 },
  ModelUnavailableError: { category: 'transient', httpStatus: 503 },
  StorageUnavailableError: { category: 'transient', httpStatus: 503 },
  /** The provider is known to be away; carries ProviderWaitDetails. Nothing was sent. */
  ProviderWaitError: { category: 'waiting', httpStatus: 503 },
  /** The account must be connected again; carries AccountDetails where an account is known. */
  ReconnectRequiredError: { category: 'needs_person', httpStatus: 403 },
  /** The person's budget of the day leaves no room for a call; carries DayBudgetReached. */
  DayBudgetReachedError: { category: 'needs_person', httpStatus: 402 },
  ModelRefusedError: { category: 'permanent', httpStatus: 422 },
  InvalidModelReplyError: { category: 'permanent', httpStatus: 502 },
  InvalidPlanError: { category: 'permanent', httpStatus: 422 },
  PermissionDeniedError: { category: 'permanent', httpStatus: 403 },
  NotFoundError: { category: 'permanent', httpStatus: 404 },
  AmbiguousError: { category: 'permanent', httpStatus: 409 },
  ConflictError: { category: 'permanent', httpStatus: 409 },
  PreconditionFailedError: { category: 'permanent', httpStatus: 412 },
  InvalidInputError: { category: 'permanent', httpStatus: 422 },
  ReferenceError: { category: 'permanent', httpStatus: 422 },
  NotApprovedError: { category: 'permanent', httpStatus: 403 },
  BudgetExceededError: { category: 'permanent', httpStatus: 402 },
  CancelledByPersonError: { category: 'permanent', httpStatus: 409 },
  EgressBlockedError: { category: 'permanent', httpStatus: 403 },
} as const satisfies Record<string, { category: FailureCategory; httpStatus: number }>;

export type FailureType = keyof typeof failures;

/**
 * The account at a provider that a failure is about: its address, or `*` for the whole installation.
 * The provider is left out where the address is connected at none.
 */
export type AccountDetails = { readonly provider: string; readonly account: string };

/** What a ProviderWaitError carries. Instants are RFC 3339; `retryAt` is this caller's own turn. */
export type ProviderWaitDetails = AccountDetails & {
  readonly since: string;
  readonly retryAt: string;
};

/** The types Temporal must not retry. */
export const permanentFailures = (Object.keys(failures) as FailureType[]).filter(
  (type) => failures[type].category !== 'transient',
);

/** A failed step as people and the planner read it. */
export type Failure = { readonly type: FailureType | 'UnexpectedError'; readonly message: string };
