/** What the e-mail activities and handlers are given. */
import type { Accounts } from '../accounts.ts';
import type { DocumentStore } from '../documents.ts';
import type { Directory } from '../people.ts';
import type { EmailPortOf } from './port.ts';

export type EmailDeps = {
  readonly email: EmailPortOf;
  readonly accounts: Accounts;
  readonly directory: Directory;
  readonly documents: DocumentStore;
};
