/** What the triage activities are given. */
import type { Accounts } from '../accounts.ts';
import type { EmailPortOf } from '../email/port.ts';
import type { ModelClient } from '../planner/model.ts';
import type { TriageStore } from './store.ts';

export type TriageDeps = {
  readonly email: EmailPortOf;
  readonly accounts: Accounts;
  readonly triage: TriageStore;
  readonly model: ModelClient;
};
