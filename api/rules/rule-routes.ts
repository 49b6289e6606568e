/**
 * Standing rules: a person lets exactly what an approval showed be done again without asking, for some
 * days and so many times a day. Made by a person from an approval only; never by a plan.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { whyNoRule } from '#contracts/standing-rule.ts';
import { principalOf } from '../auth.ts';
import type { ApprovalItem } from '../approvals/approval-store.ts';
import { type DecideDeps, findApproval } from '../approvals/decide.ts';
import { Problem } from '../errors.ts';
import { idParamsSchema, instantSchema, operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { RuleStore } from './rule-store.ts';

const bodySchema = z.strictObject({
  approvalId: z.string().min(1).max(120),
  expiresInDays: z.int().min(1).max(limits.ruleDaysMax),
  dailyCap: z.int().min(1).max(limits.ruleDailyCapMax).describe('Uses in one day, in UTC'),
});
const ruleSchema = z
  .object({
    id: z.string(),
    tool: z.string(),
    target: z.object({
      account: z.string().nullable(),
      from: z.string().exactOptional().describe('The address it is sent as, where it is another'),
      recipients: z.array(z.string()).describe('Exactly these people are told'),
      eventId: z.string().nullable(),
      carries: z
        .array(z.string())
        .exactOptional()
        .describe('Exactly these files, and this forwarded message'),
    }),
    createdFrom: z.string().describe('The approval it was made from'),
    createdBy: z.string(),
    dailyCap: z.int(),
    expiresAt: instantSchema,
    createdAt: instantSchema,
    revokedAt: instantSchema.nullable(),
    state: z.enum(['live', 'expired', 'revoked']),
    uses: z.int(),
    usesToday: z.int(),
    lastUsedAt: instantSchema.nullable(),
  })
  .meta({ id: 'Rule' });
const ruleListSchema = z.object({ rules: z.array(ruleSchema) });

const describe = operationsOf('rules');

/** Registers the routes. */
export function ruleRoutes(
  app: ZodInstance,
  deps: DecideDeps & { readonly rules: RuleStore },
): void {
  const { rules } = deps;
  app.post(
    '/v1/rules',
    {
      schema: {
        ...describe('createRule', 'Let what an approval showed be done again without asking'),
        description:
          'The same tool, account, recipients and files, on input that nobody else wrote. Never for tier 4.',
        body: bodySchema,
        response: { 201: ruleSchema },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { approvalId, expiresInDays, dailyCap } = request.body;
      const approval = await findApproval(deps, principal, approvalId);
      const subject = await rules.subjectOf(approval.digest);
      const reason = whyNot(approval, principal.actor);
      if (reason !== null) throw noRule(reason);
      if (subject === null) throw noRule('An earlier release prepared it.');
      const why = whyNoRule(subject);
      if (why !== null) throw noRule(why);
      const { tool, target } = subject;
      const made = { createdFrom: approvalId, createdBy: principal.actor, dailyCap, expiresInDays };
      const id = randomUUID();
      await rules.add(principal.owner, { id, tool, target, ...made });
      return reply.code(201).send(await findRule(rules, principal.owner, id));
    },
  );
  app.get(
    '/v1/rules',
    {
      schema: {
        ...describe('listRules', 'Your standing rules with their uses, newest first'),
        response: { 200: ruleListSchema },
      },
    },
    async (request) => ({ rules: await rules.list(principalOf(request).owner) }),
  );
  app.get(
    '/v1/rules/:id',
    {
      schema: {
        ...describe('getRule', 'One standing rule'),
        params: idParamsSchema,
        response: { 200: ruleSchema },
      },
    },
    (request) => findRule(rules, principalOf(request).owner, request.params.id),
  );
  app.delete(
    '/v1/rules/:id',
    {
      schema: {
        ...describe('revokeRule', 'End a standing rule at once'),
        params: idParamsSchema,
        response: { 200: ruleSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      if (!(await rules.revoke(owner, request.params.id))) throw noSuchRule();
      return findRule(rules, owner, request.params.id);
    },
  );
}

/** A rule comes from something the person has approved as it was shown, or is about to. */
function whyNot({ kind, tier, state, decision }: ApprovalItem, actor: string): string | null {
  if (kind !== 'action') return 'Only the approval of a step can become a rule.';
  if (tier >= 4) return 'It is of tier 4.';
  if (state === 'pending') return null;
  if (state !== 'approved') return `This approval is ${state}.`;
  return decision?.actor === actor ? null : 'You have not approved it yourself.';
}

async function findRule(rules: RuleStore, owner: string, id: string) {
  const rule = await rules.find(owner, id);
  if (rule === null) throw noSuchRule();
  return rule;
}

const noRule = (reason: string) => new Problem('no-rule', `${reason} It will be asked each time.`);
const noSuchRule = () =>
  new Problem('not-found', 'You have no rule with this id. GET /v1/rules lists yours.');
