/** Commands on members: who may decide what is handed on to them. A token is printed once. */
import type { CommandContext } from './commands.ts';
import { escapeText } from './render.ts';

type ShownMember = {
  readonly email: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly hasToken: boolean;
};
const pathOf = (email: string) => `/v1/members/${encodeURIComponent(email)}`;

function renderMember({ email, name, roles, hasToken }: ShownMember): string {
  const held = roles.length === 0 ? 'no role' : roles.join(', ');
  return `${escapeText(email)}  ${escapeText(name)}  ${held}${hasToken ? '' : '  (no token yet)'}`;
}

/** `members`: who may decide besides you. */
export async function membersCommand(context: CommandContext): Promise<number> {
  const { members } = await context.api.call<{ members: ShownMember[] }>('GET', '/v1/members');
  if (members.length === 0) context.print('No members: you decide everything yourself.');
  for (const member of members) context.print(renderMember(member));
  return 0;
}

/** `members add`: adds a member, or replaces their name and roles. */
export async function addMemberCommand(
  context: CommandContext,
  email: string,
  options: { name?: string; role?: readonly string[] },
): Promise<number> {
  const body = { name: options.name ?? email, roles: options.role ?? [] };
  context.print(renderMember(await context.api.call('PUT', pathOf(email), { body })));
  return 0;
}

/** `members remove`: ends their token and what they approved and was not done yet. */
export async function removeMemberCommand(context: CommandContext, email: string): Promise<number> {
  await context.api.call('DELETE', pathOf(email), { once: true });
  context.print(`Removed ${escapeText(email)}.`);
  return 0;
}

/** `members token`: a new token; the earlier one ends. */
export async function memberTokenCommand(context: CommandContext, email: string): Promise<number> {
  const { token } = await context.api.call<{ token: string }>('POST', `${pathOf(email)}/token`, {
    body: {},
    once: true,
  });
  context.print(token);
  return 0;
}
