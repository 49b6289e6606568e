/** The parts of the api that let events out, on a test's database. */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { createJournalFeed } from '#api/events/journal-feed.ts';
import { createJournalWatch } from '#api/events/journal-watch.ts';
import { createWebhookStore } from '#api/webhooks/webhook-store.ts';
import { createSealer, type Sealer } from '#infra/sealing.ts';

/** A sealer with a key of its own. */
export const testSealer = (): Sealer => createSealer(randomBytes(32).toString('hex'));

/** What buildServer needs for event streams and webhooks. */
export function eventParts(pool: Pool, sealer: Sealer = testSealer()) {
  const feed = createJournalFeed(pool);
  return {
    feed,
    watch: createJournalWatch({ feed, pollMs: 50 }),
    webhooks: createWebhookStore(pool, sealer),
  };
}
