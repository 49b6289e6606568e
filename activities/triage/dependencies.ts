/** What the triage activities are given. */
import type { Pool } from 'pg';
import type { EmailPortOf } from '../email/port.ts';
import type { ModelClient } from '../planner/model.ts';
import type { TriageStore } from './store.ts';

export type TriageDeps = {
  readonly email: EmailPortOf;
  /** Addresses of the owner's connected accounts. */
  readonly accountsOf: (owner: string) => Promise<readonly string[]>;
  readonly triage: TriageStore;
  readonly model: ModelClient;
};
