/**
 * What a mail provider must offer, in vendor-neutral terms. Mail is sent only by way of a stored
 * draft, so that a lost answer can be looked up; there is no other way to send.
 */

/** A mailbox with its display name. */
export type MailAddress = { readonly name: string | null; readonly email: string };

/** A message as it stands in the mailbox. */
export type MailMessage = {
  readonly id: string;
  readonly threadId: string;
  readonly from: MailAddress;
  readonly replyTo: MailAddress | null;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly subject: string;
  readonly dateMs: number;
  readonly unread: boolean;
  /** Written by the owner. */
  readonly sent: boolean;
  readonly draft: boolean;
  /** RFC 5322 Message-ID with angle brackets; null where it is missing or malformed. */
  readonly messageId: string | null;
  /** Message-IDs of the References header, oldest first. */
  readonly references: readonly string[];
  /** The whole readable text. HTML is turned into text. */
  readonly text: string;
};

/** Where a sent or drafted mail is found. */
export type StoredMail = { readonly messageId: string | null; readonly threadId: string | null };
export type StoredDraft = StoredMail & { readonly draftId: string };

/** How to find a mail of ours again. */
export type MailKey = {
  /** Value of its X-Effect-Key header. */
  readonly effectKey: string;
  /** Its Message-ID header, with angle brackets. Providers may replace it. */
  readonly messageId: string;
};

/** One owner's mailbox. Writes throw UnknownOutcomeError when the outcome is not known. */
export type EmailPort = {
  /** Messages that match, newest first; at most `limit`. Drafts are left out. */
  search(query: string, limit: number): Promise<{ messages: MailMessage[]; truncated: boolean }>;
  /** Messages of a thread, oldest first, drafts included; null when there is none. */
  thread(threadId: string): Promise<MailMessage[] | null>;
  message(id: string): Promise<MailMessage | null>;
  /** Stores a draft. `raw` is the RFC 5322 message. */
  createDraft(mail: { raw: Buffer; threadId: string | null }): Promise<StoredDraft>;
  draft(draftId: string): Promise<StoredDraft | null>;
  /** The draft that carries an effect key, or null. Reads the drafts themselves, not an index. */
  findDraft(key: MailKey): Promise<StoredDraft | null>;
  /** Sends a stored draft once, with exactly these bytes. The draft is gone afterwards. */
  sendDraft(mail: { draftId: string; raw: Buffer; threadId: string | null }): Promise<StoredMail>;
  deleteDraft(draftId: string): Promise<void>;
  /** The sent mail that carries a key, or null when none is found (yet). */
  findSent(key: MailKey): Promise<StoredMail | null>;
};

/**
 * Gives a mailbox. `account` is the address of one of the owner's connected accounts.
 * @throws ReconnectRequiredError
 */
export type EmailPortOf = (owner: string, account: string) => Promise<EmailPort>;
