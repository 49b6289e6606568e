/**
 * What a mail provider must offer, in vendor-neutral terms. Mail is sent only by way of a stored
 * draft, so that a lost answer can be looked up; there is no other way to send.
 */
import type { MailFolder, MailQuery } from './query.ts';

/** A mailbox with its display name. */
export type MailAddress = { readonly name: string | null; readonly email: string };

/** A file that came with a message. `id` stays the same as long as the message does. */
export type MailAttachment = {
  readonly id: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
  /** Shown inside the text, such as a logo. */
  readonly inline: boolean;
};

/** A message as it stands in the mailbox. */
export type MailMessage = {
  readonly id: string;
  readonly threadId: string;
  readonly from: MailAddress;
  readonly replyTo: MailAddress | null;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  /** Known for the owner's own mail only. */
  readonly bcc: readonly MailAddress[];
  readonly subject: string;
  readonly dateMs: number;
  readonly unread: boolean;
  readonly starred: boolean;
  /** Written by the owner. */
  readonly sent: boolean;
  readonly draft: boolean;
  /** Names: Gmail's user labels, Graph's categories. Where it lies is `folder`. */
  readonly labels: readonly string[];
  readonly folder: MailFolder;
  /** RFC 5322 Message-ID with angle brackets; null where it is missing or malformed. */
  readonly messageId: string | null;
  /** Message-IDs of the References header, oldest first. */
  readonly references: readonly string[];
  /** The whole readable text. HTML is turned into text. */
  readonly text: string;
  /** `text` without what it quotes of earlier mail. */
  readonly ownText: string;
  readonly attachments: readonly MailAttachment[];
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

/** A mail to store as a draft. */
export type NewDraft = {
  /** The RFC 5322 message. */
  readonly raw: Buffer;
  /** The same message without its files, for providers that take these one by one. */
  readonly withoutFiles?: (() => Promise<Buffer>) | undefined;
  readonly threadId: string | null;
  /** The message it replies to or forwards, for providers that thread by it. */
  readonly answers?:
    { readonly messageId: string; readonly how: 'reply' | 'replyAll' | 'forward' } | undefined;
};

/** A change of a message's place or marks. What is absent stays. */
export type MessageChange = {
  readonly addLabels?: readonly string[] | undefined;
  readonly removeLabels?: readonly string[] | undefined;
  readonly unread?: boolean | undefined;
  readonly folder?: 'inbox' | 'archive' | 'spam' | 'trash' | undefined;
};

/** What happened in the inbox since a cursor. */
export type MailChanges = {
  /** Ids of messages that came into the inbox; each once. */
  readonly added: readonly string[];
  /** Ids of messages that left it. */
  readonly removed: readonly string[];
  /** Opaque; where to go on. */
  readonly cursor: string;
  /** The cursor was too old: `added` was read anew, newest first, and something may be missing. */
  readonly gap: boolean;
  /** There is more: call again with this cursor. */
  readonly more: boolean;
};

/** How much is told at once, and what to do when a cursor is too old. */
export type ChangesOptions = {
  /** Messages of one page. */
  readonly limit: number;
  /** From when on, and how many at most, the inbox is read anew, newest first. */
  readonly resyncFromMs: number;
  readonly resyncMax: number;
};

/** An address the owner may send as. */
export type SendAs = {
  readonly email: string;
  readonly name: string | null;
  /** The provider's own signature as text; null where it has none. */
  readonly signature: string | null;
};

/** One account's mailbox. Writes throw UnknownOutcomeError when the outcome is not known. */
export type EmailPort = {
  /**
   * Messages that match (query-match.ts), newest first; at most `limit`. Drafts are left out.
   * `truncated`: there are more, or too many candidates to look through all.
   */
  search(query: MailQuery, limit: number): Promise<{ messages: MailMessage[]; truncated: boolean }>;
  /** Messages of a thread, oldest first, drafts included; null when there is none. */
  thread(threadId: string): Promise<MailMessage[] | null>;
  message(id: string): Promise<MailMessage | null>;
  /** The bytes of an attachment. @throws NotFoundError */
  attachment(messageId: string, attachmentId: string): Promise<Buffer>;
  /** Stores a draft, of a large mail perhaps without its files: `completeDraft` follows. */
  createDraft(mail: NewDraft): Promise<StoredDraft>;
  /** Adds what a stored draft lacks of its files. Idempotent; nothing where it is stored whole. */
  completeDraft(mail: { draftId: string; raw: Buffer }): Promise<void>;
  draft(draftId: string): Promise<StoredDraft | null>;
  /** The draft that carries an effect key, or null. Reads the drafts themselves, not an index. */
  findDraft(key: MailKey): Promise<StoredDraft | null>;
  /**
   * Sends a stored draft once, with exactly this content. The draft is gone afterwards. Where content
   * cannot be replaced on sending, a draft that somebody edited is refused with PreconditionFailedError
   * and the detail `keepDraft`.
   */
  sendDraft(mail: { draftId: string; raw: Buffer; threadId: string | null }): Promise<StoredMail>;
  deleteDraft(draftId: string): Promise<void>;
  /**
   * The sent mail that carries a key, or null when none is found (yet). `draftId` is the draft it was
   * sent from, where that is known: some providers keep the id.
   */
  findSent(key: MailKey, draftId?: string | null): Promise<StoredMail | null>;
  /** Labels (categories) of the person's own, by name. */
  labels(): Promise<readonly { readonly id: string; readonly name: string }[]>;
  /**
   * Changes marks; idempotent. Labels that do not exist are created. Gives the message as it stands
   * then.
   */
  changeMessage(messageId: string, change: MessageChange): Promise<MailMessage>;
  /** Addresses the account may send as, its own first. */
  sendAs(): Promise<readonly SendAs[]>;
  /** What came into the inbox since; null begins now, with nothing added. */
  changes(cursor: string | null, options: ChangesOptions): Promise<MailChanges>;
  /**
   * Many messages in few calls: header facts, with an excerpt as `text` and `ownText`. Ones that
   * are gone are left out.
   */
  headers(ids: readonly string[]): Promise<readonly MailMessage[]>;
};

/**
 * Gives a mailbox. `account` is the address of one of the owner's connected accounts.
 * @throws ReconnectRequiredError
 */
export type EmailPortOf = (owner: string, account: string) => Promise<EmailPort>;
