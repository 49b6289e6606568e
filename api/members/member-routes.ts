/** Who may decide besides the owner. For the owner only; a token is shown once, when it is made. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ownerRole } from '#contracts/deciders.ts';
import { limits } from '#contracts/limits.ts';
import { roleSchema } from '#contracts/schemas/goal.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { emailParamsSchema, instantSchema, operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { type MemberStore, memberTokenPrefix } from './member-store.ts';

const bodySchema = z.strictObject({
  name: z.string().trim().min(1).max(200),
  roles: z
    .array(roleSchema.refine((role) => role !== ownerRole, 'no member can be the owner'))
    .max(limits.memberRolesMax)
    .default([])
    .describe('`second` may give the second approval; others are named by `escalateToRole`'),
});
const memberSchema = z
  .object({
    email: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
    hasToken: z.boolean(),
    createdAt: instantSchema,
  })
  .meta({ id: 'Member' });
const memberListSchema = z.object({ members: z.array(memberSchema) });
const tokenSchema = z.object({
  email: z.string(),
  token: z.string().describe('The bearer token. It is not shown again'),
});
const noBodySchema = z.strictObject({}).nullish();

const describe = operationsOf('members');

/** Registers the routes. */
export function memberRoutes(app: ZodInstance, deps: { readonly members: MemberStore }): void {
  const { members } = deps;
  app.get(
    '/v1/members',
    {
      schema: {
        ...describe('listMembers', 'People who may decide what you hand on to them'),
        response: { 200: memberListSchema },
      },
    },
    async (request) => ({ members: await members.list(principalOf(request).owner) }),
  );
  app.get(
    '/v1/members/:email',
    {
      schema: {
        ...describe('getMember', 'One member'),
        params: emailParamsSchema,
        response: { 200: memberSchema },
      },
    },
    (request) => findMember(members, principalOf(request).owner, request.params.email),
  );
  app.put(
    '/v1/members/:email',
    {
      schema: {
        ...describe('putMember', 'Add a member, or replace their name and roles'),
        params: emailParamsSchema,
        body: bodySchema,
        response: { 200: memberSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { email } = request.params;
      if (email === owner.toLowerCase()) {
        throw new Problem('invalid-input', 'You are the owner; a member is somebody else.');
      }
      await members.put(owner, { email, ...request.body });
      return findMember(members, owner, email);
    },
  );
  app.delete(
    '/v1/members/:email',
    {
      schema: {
        ...describe('deleteMember', 'Remove a member; their token and open approvals end at once'),
        params: emailParamsSchema,
        response: { 200: memberListSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      if (!(await members.remove(owner, request.params.email))) throw noSuchMember();
      return { members: await members.list(owner) };
    },
  );
  app.post(
    '/v1/members/:email/token',
    {
      schema: {
        ...describe('createMemberToken', 'Make a token for a member; the earlier one ends'),
        params: emailParamsSchema,
        body: noBodySchema,
        response: { 200: tokenSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      const { email } = request.params;
      const token = `${memberTokenPrefix}${randomBytes(32).toString('base64url')}`;
      if (!(await members.setToken(owner, email, token))) throw noSuchMember();
      return { email, token };
    },
  );
}

async function findMember(members: MemberStore, owner: string, email: string) {
  const member = await members.find(owner, email);
  if (member === null) throw noSuchMember();
  return member;
}

const noSuchMember = () =>
  new Problem('not-found', 'You have no member with this address. GET /v1/members lists yours.');
