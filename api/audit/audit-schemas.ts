/** The shapes of the audit: what routes answer, and what an exported bundle holds line by line. */
import { z } from 'zod';
import { instantSchema } from '../route-schemas.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.int().min(1);

export const anchorSchema = z.object({ seq, hash }).meta({ id: 'AuditAnchor' });

export const entrySchema = z
  .object({
    seq: z.int(),
    goalId: z.string(),
    at: instantSchema,
    entry: z.record(z.string(), z.json()),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });

export const historySchema = z
  .object({
    goalId: z.string(),
    runId: z.string(),
    anchors: z.array(anchorSchema),
    openEffects: z
      .int()
      .describe('Effects and workflow tasks under way; their anchors are not there yet'),
    endedFromOutside: z.boolean().describe('Terminated, timed out or failed'),
    problem: z.string().nullable().describe('Why not all of the history could be read'),
  })
  .meta({ id: 'AuditHistory' });

const nextAfter = z.int().nullable().describe('Send it as `after` to read on');

export const auditSchema = z.object({ entries: z.array(entrySchema), nextAfter });

export const ownAuditSchema = z.object({
  owner: z.string().describe('Whose chain it is; the hashes are over it'),
  entries: z.array(entrySchema),
  nextAfter,
});

export const historiesSchema = z.object({
  histories: z.array(historySchema),
  nextCursor: z.string().nullable().describe('Send it as `cursor` to read on'),
});
