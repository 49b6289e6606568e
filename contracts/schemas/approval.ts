/** Decisions as they enter, over HTTP or as a signal, and the card a person decides on. */
import { z } from 'zod';
import { limits } from '../limits.ts';

export const verdictSchema = z.enum(['approve', 'edit', 'reject', 'delegate']);
export const digestSchema = z
  .string()
  .regex(/^v1:sha256:[0-9a-f]{64}$/, 'must be the digest shown with the approval');

/** Body of `POST /v1/approvals/{id}/decision`. */
export const decisionInputSchema = z
  .strictObject({
    digest: digestSchema,
    verdict: verdictSchema,
    /** The whole edited input of the step; only with `edit`. */
    input: z.record(z.string(), z.json()).optional(),
    /** The member who shall decide; only with `delegate`. */
    to: z.email().max(200).optional(),
    comment: z.string().trim().min(1).max(limits.commentMaxChars).optional(),
    /** Makes a repeated request the same decision. Generated when absent. */
    decisionId: z.string().min(1).max(100).optional(),
  })
  .refine((d) => (d.verdict === 'edit') === (d.input !== undefined), {
    message: 'give `input` with the verdict "edit", and only then',
    path: ['input'],
  })
  .refine((d) => (d.verdict === 'delegate') === (d.to !== undefined), {
    message: 'name the member in `to` with the verdict "delegate", and only then',
    path: ['to'],
  });
export type DecisionInput = z.infer<typeof decisionInputSchema>;

/** The `decideApproval` signal. Signed by the api; unsigned only where the configuration admits it. */
export const decisionSignalSchema = z.strictObject({
  decisionId: z.string().min(1).max(100).optional(),
  approvalId: z.string().min(1).max(120),
  digest: digestSchema,
  verdict: verdictSchema,
  input: z.record(z.string(), z.json()).optional(),
  to: z.email().max(200).optional(),
  comment: z.string().max(limits.commentMaxChars).optional(),
  actor: z.string().max(200).optional(),
  decidedAt: z.string().max(40).optional(),
  /** Base64 Ed25519 signature over the canonical JSON of all other fields. */
  signature: z.string().max(200).optional(),
});
export type DecisionSignal = z.infer<typeof decisionSignalSchema>;
