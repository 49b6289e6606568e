/** What the research activities are given. They read no configuration themselves. */
import type { DocumentStore } from '#activities/documents.ts';
import type { EgressMode } from '#activities/egress.ts';
import type { ModelClient } from '#activities/planner/model.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import type { Resolver } from './address-guard.ts';

/** What `createResearchActivities` is given. */
export type ResearchDeps = {
  readonly model: ModelClient;
  readonly documents: DocumentStore;
  /** Guarded; reaches the search API and nothing else. Pages are read with a guard of their own. */
  readonly fetch: typeof fetch;
  /** Of the search API. A page is one of many and is given up instead. */
  readonly health: ProviderHealth;
  readonly search: { readonly baseUrl: string; readonly apiKey: string };
  readonly mode: EgressMode;
  /** Replaces the system's resolver. */
  readonly resolve?: Resolver | undefined;
  /** Replaces the time a page may take. */
  readonly pageTimeoutMs?: number | undefined;
};
