/** Commands on connected accounts. Connecting one is a program of its own (connect.ts). */
import { providerNames } from '#contracts/accounts.ts';
import type { AccountView } from '#contracts/schemas/account.ts';
import type { CommandContext } from './commands.ts';
import { escapeText } from './render.ts';

/** `accounts`: which accounts are connected; the default first. */
export async function accountsCommand(context: CommandContext): Promise<number> {
  const { accounts } = await context.api.call<{ accounts: AccountView[] }>('GET', '/v1/accounts');
  if (accounts.length === 0) {
    context.print('No account is connected. Connect one: npx adjutant connect google');
  }
  for (const account of accounts) context.print(renderAccount(account));
  return 0;
}

/** `disconnect`: forgets an account, and says what is left to do at its vendor. */
export async function disconnectCommand(context: CommandContext, email: string): Promise<number> {
  const { leftToDo } = await context.api.call<{ leftToDo: string | null }>(
    'DELETE',
    `/v1/accounts/${encodeURIComponent(email)}`,
    { once: true },
  );
  context.print(`Disconnected ${escapeText(email)}.`);
  if (leftToDo !== null) context.print(escapeText(leftToDo));
  return 0;
}

function renderAccount({ email, provider, label, isDefault, state }: AccountView): string {
  const marks = [
    providerNames[provider],
    ...(label === null ? [] : [`"${label}"`]),
    ...(isDefault ? ['default'] : []),
    ...(state === 'connected' ? [] : [`connect again: npx adjutant connect ${provider}`]),
  ];
  return escapeText(`${email}  ${marks.join(', ')}`);
}
