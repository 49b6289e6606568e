/** One search over several mailboxes: what each holds, merged. It stores nothing and marks nothing read. */
import { readAccounts, type UnreachableAccount } from '../accounts.ts';
import type { ConnectedAccount } from '../credentials.ts';
import type { EmailDeps } from './dependencies.ts';
import type { EmailPort, MailMessage } from './port.ts';

/** A message and the account whose mailbox has it. */
export type HeldMail = { readonly message: MailMessage; readonly account: string };

/** Messages of all the mailboxes, newest first. @throws as `readAccounts` */
export async function searchAccounts(
  deps: Pick<EmailDeps, 'email'>,
  owner: string,
  accounts: readonly ConnectedAccount[],
  search: (mailbox: EmailPort) => ReturnType<EmailPort['search']>,
): Promise<{
  mails: HeldMail[];
  truncated: boolean;
  unreachable: readonly UnreachableAccount[];
}> {
  const { found, unreachable } = await readAccounts(accounts, async ({ email }) =>
    search(await deps.email(owner, email)),
  );
  const mails = found
    .flatMap(({ account: { email }, value }) =>
      value.messages.map((message) => ({ message, account: email })),
    )
    .sort((a, b) => b.message.dateMs - a.message.dateMs);
  return { mails, truncated: found.some(({ value }) => value.truncated), unreachable };
}
