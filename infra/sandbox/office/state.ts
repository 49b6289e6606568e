/**
 * The shapes of everything the sandbox remembers. Plain JSON only, so that one file on disk holds
 * it all; behaviour lives elsewhere.
 */

/** A person who works at the office. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly vendor: 'google' | 'microsoft';
  /** IANA zone the person works in. */
  readonly zone: string;
  /** Local times of a working day and ISO weekdays (1 = Monday). */
  readonly workingHours: { readonly start: string; readonly end: string; readonly days: number[] };
  /** The one person the assistant works for. */
  readonly main?: true;
  /** The address of the person this is a further account of; absent: an account at the office. */
  readonly accountOf?: string;
  /** False: colleagues cannot even read this person's free/busy. */
  readonly sharesFreeBusy: boolean;
}

/** Either an all-day date or an instant, as Calendar v3 writes them. */
export interface EventTime {
  date?: string | undefined;
  dateTime?: string | undefined;
  timeZone?: string | undefined;
}

/** One guest of an event. */
export interface Attendee {
  email: string;
  displayName?: string | undefined;
  responseStatus?: string | undefined;
  optional?: boolean | undefined;
  resource?: boolean | undefined;
  comment?: string | undefined;
  additionalGuests?: number | undefined;
}

/** Key-value pairs that clients hang on an event. */
export interface ExtendedProperties {
  private?: Record<string, string> | undefined;
  shared?: Record<string, string> | undefined;
}

/** What only Outlook knows of an event; it stays with the copy it was set on. */
export interface OutlookFields {
  transactionId?: string;
  /** Extended properties, under the ids they were given. */
  properties?: { id: string; value: string }[];
  categories?: string[];
  importance?: string;
  sensitivity?: string;
  showAs?: string;
  /** The zones of start and end under the names they were given. */
  startZone?: string;
  endZone?: string;
  bodyType?: 'html' | 'text';
  allowNewTimeProposals?: boolean;
  hideAttendees?: boolean;
  responseRequested?: boolean;
  /** The guest took the event off their calendar without a word to its organizer. */
  removed?: true;
}

/** One event as stored on one calendar; guests hold their own copies under the same id. */
export interface StoredEvent {
  id: string;
  iCalUID: string;
  etag: string;
  /** Position in the office's sequence of changes; sync tokens compare with it. */
  revision: number;
  status: string;
  created: string;
  updated: string;
  sequence: number;
  organizer: { email: string; displayName?: string | undefined };
  creator: { email: string; displayName?: string | undefined };
  start: EventTime;
  end: EventTime;
  summary?: string | undefined;
  attendees?: Attendee[] | undefined;
  recurrence?: string[] | undefined;
  recurringEventId?: string | undefined;
  originalStartTime?: EventTime | undefined;
  transparency?: string | undefined;
  visibility?: string | undefined;
  eventType?: string | undefined;
  extendedProperties?: ExtendedProperties | undefined;
  outlook?: OutlookFields | undefined;
  [field: string]: unknown;
}

/** One person's primary calendar. */
export interface CalendarState {
  events: Record<string, StoredEvent>;
  /** Sync tokens older than this revision are refused. */
  syncFloor: number;
}

/** One message as one mailbox holds it. */
export interface StoredMessage {
  id: string;
  threadId: string;
  labelIds: string[];
  /** Milliseconds since the epoch. */
  internalDate: number;
  historyId: number;
  /** The bytes of the message, base64. */
  raw: string;
  /** How often it changed its folder; Outlook's ordinary ids change with it. */
  moves?: number | undefined;
  /** When it last changed, in milliseconds since the epoch; absent: when it came. */
  modifiedMs?: number | undefined;
  /** Outlook's single-value extended properties: id → value. */
  properties?: Record<string, string> | undefined;
}

/** One entry of a mailbox's history. */
export interface HistoryEntry {
  id: number;
  kind: 'messageAdded' | 'messageDeleted' | 'labelAdded' | 'labelRemoved';
  messageId: string;
  threadId: string;
  labelIds: string[];
  /** The message's `moves` then; ordinary Outlook ids of gone messages are made from it. */
  moves?: number | undefined;
}

/** A label, a category or a folder of a mailbox. */
export interface MailboxLabel {
  id: string;
  name: string;
  type: 'system' | 'user' | 'folder';
  /** The label of the folder around a folder; absent: the root. */
  parent?: string | undefined;
  /** Of a category. */
  color?: string | undefined;
}

/** One person's mailbox. */
export interface MailboxState {
  messages: Record<string, StoredMessage>;
  drafts: Record<string, { id: string; messageId: string }>;
  /** `user`: what Gmail calls labels and Outlook categories; `folder`: folders made in Outlook. */
  labels: MailboxLabel[];
  history: HistoryEntry[];
  historyId: number;
  /** The oldest history id that can still be asked for. */
  historyFloor: number;
  /** Other addresses its owner may send as; mail to them goes nowhere. */
  aliases?: { email: string; name: string; signature: string; verified: boolean }[];
}

/** How often the outside world really changed under one key and operation. */
export interface EffectRow {
  at: string;
  vendor: string;
  operation: string;
  account: string;
  key: string;
  count: number;
  /** The latest request body, or for mail the bytes actually sent, as text. */
  raw: string;
}

/** Mail a vendor sends by itself: invitations, updates, cancellations. */
export interface NotificationRow {
  at: string;
  kind: 'invitation' | 'update' | 'cancellation' | 'reply';
  eventId: string;
  to: string;
  count: number;
}

/** Tokens handed out and taken back. */
export interface OauthState {
  accessTokens: Record<string, { email: string; scope?: string; expiresAt: number }>;
  codes: Record<
    string,
    {
      email: string;
      challenge?: string | undefined;
      method?: string | undefined;
      /** What was asked for and where the answer goes; Microsoft checks both. */
      scope?: string | undefined;
      redirectUri?: string | undefined;
      expiresAt: number;
    }
  >;
  revokedRefreshTokens: string[];
}

/** A window of a calendar as one client last saw it. */
export interface DeltaRound {
  email: string;
  fromMs: number;
  toMs: number;
  /** Event → its version in this round. */
  versions: Record<string, string>;
  /** What of the round the client has not fetched yet. */
  pending: string[];
}

/** What only Microsoft's services remember. */
export interface OutlookState {
  /** Address → revision at which its grants ended; refresh tokens up to it are refused. */
  endedGrants: Record<string, number>;
  /** Token → the round of change tracking it continues. */
  rounds: Record<string, DeltaRound>;
}

/** Everything, in one JSON value. */
export interface OfficeState {
  version: 1;
  /** The instant the office was seeded; all seeded dates are relative to its week. */
  anchor: string;
  /** Grows with every change and every id. */
  sequence: number;
  people: Person[];
  calendars: Record<string, CalendarState>;
  mailboxes: Record<string, MailboxState>;
  oauth: OauthState;
  /** Absent until it is first needed. */
  outlook?: OutlookState;
  effects: EffectRow[];
  notifications: NotificationRow[];
  /** Mail to addresses outside the office: address → number of messages. */
  outsideMail: Record<string, number>;
}
