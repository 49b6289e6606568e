/**
 * Seals short secrets for storage with AES-256-GCM under a key that is handed in. It keeps nothing; a
 * sealed text opens only with the same key and for the same purpose.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Seals and opens texts, each bound to what it belongs to. */
export type Sealer = {
  seal(text: string, belongsTo: string): string;
  /** @throws Error when the text was sealed with another key, for something else, or altered */
  open(sealed: string, belongsTo: string): string;
};

const keyId = 'k1';

/** Creates a Sealer. `key` is 32 bytes as 64 hex digits. @throws RangeError for another size */
export function createSealer(hexKey: string): Sealer {
  const key = Buffer.from(hexKey, 'hex');
  if (key.length !== 32) throw new RangeError('The key that seals secrets must have 32 bytes.');
  return {
    seal(text, belongsTo) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(belongsTo));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const parts = [nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64'));
      return [keyId, ...parts].join('.');
    },
    open(sealed, belongsTo) {
      const [id, nonce = '', text = '', tag = ''] = sealed.split('.');
      if (id !== keyId) throw new TypeError('This is not a sealed secret.');
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), {
        authTagLength: 16,
      });
      decipher.setAAD(Buffer.from(belongsTo)).setAuthTag(Buffer.from(tag, 'base64'));
      const opened = [decipher.update(Buffer.from(text, 'base64')), decipher.final()];
      return Buffer.concat(opened).toString('utf8');
    },
  };
}
