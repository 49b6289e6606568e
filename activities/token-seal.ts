/** Seals tokens for storage with AES-256-GCM. It stores nothing and knows no table. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { failure } from './failures.ts';

/** Vendors an account can be connected at. */
export type Provider = 'google' | 'microsoft';

/** What a token is for. */
export type TokenUse = 'refresh' | 'access';

const keyId = 'k1';

/**
 * Seals a token: key id, nonce, ciphertext and tag, joined by dots. Bound to owner, provider and use,
 * so that no sealed token can be put in the place of another.
 */
export function sealToken(
  key: Buffer,
  token: string,
  owner: string,
  provider: Provider,
  use: TokenUse = 'refresh',
): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bindingOf(owner, provider, use));
  const sealed = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return [keyId, ...[nonce, sealed, cipher.getAuthTag()].map((b) => b.toString('base64'))].join(
    '.',
  );
}

/** Opens a sealed token. @throws ReconnectRequiredError when it was sealed otherwise or altered */
export function openToken(
  key: Buffer,
  sealed: string,
  owner: string,
  provider: Provider,
  use: TokenUse = 'refresh',
): string {
  const [id, nonce, text, tag] = sealed.split('.');
  try {
    if (id !== keyId || nonce === undefined || text === undefined || tag === undefined) {
      throw new TypeError('not a sealed token');
    }
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(bindingOf(owner, provider, use)).setAuthTag(Buffer.from(tag, 'base64'));
    const opened = Buffer.concat([decipher.update(Buffer.from(text, 'base64')), decipher.final()]);
    return opened.toString('utf8');
  } catch (cause) {
    throw failure(
      'ReconnectRequiredError',
      `The stored sign-in for ${provider} cannot be opened with this key. ${reconnectHint(provider)}`,
      { cause, details: { provider, account: owner } },
    );
  }
}

/** What the person has to do, in one sentence. */
export function reconnectHint(provider: Provider): string {
  return `Connect the account again: npx adjutant connect ${provider}`;
}

function bindingOf(owner: string, provider: Provider, use: TokenUse): Buffer {
  return Buffer.from(`${owner}\u0000${provider}${use === 'refresh' ? '' : '\u0000access'}`);
}
