/** Signs decisions, so that a workflow can tell those the api has checked from anyone's signals. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { decisionText } from '#contracts/canonical.ts';
import type { JsonObject } from '#contracts/json.ts';

/** Signs a decision: returns it with its signature. */
export type SignDecision = <Decision extends JsonObject>(
  decision: Decision,
) => Decision & { readonly signature: string };

/**
 * A signer with an Ed25519 key.
 * @throws Error when the PEM holds no Ed25519 private key
 */
export function createDecisionSigner(privateKeyPem: string): SignDecision {
  const key: KeyObject = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error('The decision key must be an Ed25519 private key in PEM form.');
  }
  return (decision) => ({
    ...decision,
    signature: sign(null, Buffer.from(decisionText(decision), 'utf8'), key).toString('base64'),
  });
}
