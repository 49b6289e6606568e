/** The failures that ask the person to connect an account. They name it, and hold nothing secret. */
import { type Provider, providerNames } from '#contracts/accounts.ts';
import { failure } from './failures.ts';
import { reconnectHint } from './token-seal.ts';

/** The vendor takes the stored sign-in no longer. */
export function mustReconnect(provider: Provider, account: string, cause?: unknown): Error {
  const message = `${providerNames[provider]} no longer accepts the stored sign-in of ${account}. ${reconnectHint(provider)}`;
  return failure('ReconnectRequiredError', message, { cause, details: { provider, account } });
}

/** The account is none of the owner's, or not any more. */
export function notConnected(account: string): Error {
  return failure(
    'ReconnectRequiredError',
    `${account} is not connected. Connect it: npx adjutant connect google, or microsoft.`,
    { details: { account } },
  );
}
