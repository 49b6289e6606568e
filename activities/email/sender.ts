/** Who a mail is sent as: address, name and signature. It refuses an address the account does not own. */
import { failure, failureTypeOf } from '../failures.ts';
import { visibleAddress } from '../visible-text.ts';
import type { WriteDeps } from './dependencies.ts';
import type { EmailPort, SendAs } from './port.ts';

/** The sender of one mail. */
export type Sender = {
  readonly email: string;
  readonly name: string | null;
  /** Empty: none. */
  readonly signature: string;
  /** Every address of the account. */
  readonly own: readonly string[];
};

/**
 * Completes a sender.
 * @throws InvalidInputError for an address the account may not send as
 */
export async function senderOf(
  deps: Pick<WriteDeps, 'directory' | 'signatureOf'>,
  mailbox: EmailPort,
  { owner, account, from }: { owner: string; account: string; from: string | null },
): Promise<Sender> {
  const addresses = await sendAsOf(mailbox);
  const email = from ?? account;
  const known = addresses.find((address) => address.email === email);
  if (email !== account && known === undefined) {
    const names = [account, ...addresses.map((address) => address.email)].map(visibleAddress);
    throw failure(
      'InvalidInputError',
      `${visibleAddress(email)} is no address this account may send as; it may use ${[...new Set(names)].join(', ')}.`,
    );
  }
  const own = await deps.directory.find(owner, [owner]);
  const signature = (await deps.signatureOf(owner, email)) ?? known?.signature ?? '';
  return {
    email,
    name: (email === account ? own.get(owner)?.name : undefined) ?? known?.name ?? null,
    signature: signature.trim(),
    own: [...new Set([account, owner, ...addresses.map((address) => address.email)])],
  };
}

/** None when the account's permissions do not reach that far: they were given for less. */
async function sendAsOf(mailbox: EmailPort): Promise<readonly SendAs[]> {
  try {
    return await mailbox.sendAs();
  } catch (error) {
    if (failureTypeOf(error) === 'PermissionDeniedError') return [];
    throw error;
  }
}
