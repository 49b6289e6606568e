/** What the e-mail activities and handlers are given. */
import type { Accounts } from '../accounts.ts';
import type { DocumentStore } from '../documents.ts';
import type { FileStore } from '../files.ts';
import type { Directory } from '../people.ts';
import type { EmailPortOf } from './port.ts';
import type { SignatureOf } from './signatures.ts';

export type EmailDeps = {
  readonly email: EmailPortOf;
  readonly accounts: Accounts;
  readonly directory: Directory;
  readonly documents: DocumentStore;
  readonly files: FileStore;
  readonly signatureOf: SignatureOf;
};
/** What writing a mail needs. */
export type WriteDeps = Omit<EmailDeps, 'documents'>;
