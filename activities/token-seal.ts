/** Seals tokens for storage with AES-256-GCM. It stores nothing and knows no table. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Provider } from '#contracts/accounts.ts';
import { failure } from './failures.ts';

export type { Provider } from '#contracts/accounts.ts';

/** What a token is for. A verifier redeems the code of a sign-in, which stands for the account. */
export type TokenUse = 'refresh' | 'access' | 'verifier';

/** Whose token it is: the owner's, at a provider, for one account (an e-mail address). */
export type TokenOwner = {
  readonly owner: string;
  readonly provider: Provider;
  readonly account: string;
};

/** Names what a sealed token is bound to. `k1` did not name the account; it is still opened. */
const keyIds = ['k1', 'k2'] as const;
type KeyId = (typeof keyIds)[number];

/**
 * Seals a token: key id, nonce, ciphertext and tag, joined by dots. Bound to owner, provider, account
 * and use, so that no sealed token can be put in the place of another.
 */
export function sealToken(
  key: Buffer,
  token: string,
  of: TokenOwner,
  use: TokenUse = 'refresh',
): string {
  const id: KeyId = 'k2';
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bindingOf(id, of, use));
  const sealed = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return [id, ...[nonce, sealed, cipher.getAuthTag()].map((b) => b.toString('base64'))].join('.');
}

/** Opens a sealed token. @throws ReconnectRequiredError when it was sealed otherwise or altered */
export function openToken(
  key: Buffer,
  sealed: string,
  of: TokenOwner,
  use: TokenUse = 'refresh',
): string {
  const [id, nonce, text, tag] = sealed.split('.');
  try {
    const keyId = keyIds.find((known) => known === id);
    if (keyId === undefined || nonce === undefined || text === undefined || tag === undefined) {
      throw new TypeError('not a sealed token');
    }
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(bindingOf(keyId, of, use)).setAuthTag(Buffer.from(tag, 'base64'));
    const opened = Buffer.concat([decipher.update(Buffer.from(text, 'base64')), decipher.final()]);
    return opened.toString('utf8');
  } catch (cause) {
    const { provider, account } = of;
    throw failure(
      'ReconnectRequiredError',
      `The stored sign-in of ${account} cannot be opened with this key. ${reconnectHint(provider)}`,
      { cause, details: { provider, account } },
    );
  }
}

/** What the person has to do, in one sentence. */
export function reconnectHint(provider: Provider): string {
  return `Connect the account again: npx adjutant connect ${provider}`;
}

function bindingOf(id: KeyId, { owner, provider, account }: TokenOwner, use: TokenUse): Buffer {
  const parts =
    id === 'k1'
      ? [owner, provider, ...(use === 'access' ? [use] : [])]
      : [owner, provider, account, use];
  return Buffer.from(parts.join('\u0000'));
}
