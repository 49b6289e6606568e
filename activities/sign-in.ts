/** Connecting an account at any vendor: what its consent page needs, and storing what it brings. */
import { providerNames } from '#contracts/accounts.ts';
import type { CredentialStore } from './credentials.ts';
import type { Provider } from './token-seal.ts';

/** What a consent page is asked with. */
export type ConsentRequest = {
  readonly redirectUri: string;
  readonly state: string;
  readonly loginHint?: string | undefined;
};

/** The address of a consent page, and the verifier its code is redeemed with. */
export type Consent = { readonly url: string; readonly verifier: string };

/** A code that a consent page came back with. */
export type ConsentCode = {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
};

/** What a code is worth: an account and a lasting way to it. */
export type Grant = {
  readonly refreshToken: string;
  readonly email: string;
  readonly scopes: readonly string[];
};

/** A vendor's sign-in: authorization code with PKCE. */
export type SignInFlow = {
  /** The address at which the person consents. */
  consent(request: ConsentRequest): Promise<Consent>;
  /** @throws ReconnectRequiredError when the code is used, wrong or too old */
  redeem(request: ConsentCode): Promise<Grant>;
  /** Takes the grant back at the vendor; null where the vendor has no way for one application. */
  readonly revoke: ((refreshToken: string) => Promise<void>) | null;
  /** Where the person can take the grant back by hand. */
  readonly grantsPage: string;
};

/** The sign-in of each vendor that is set up here. */
export type SignInFlows = Readonly<Record<Provider, SignInFlow>>;

/**
 * Takes the grant back where the vendor has a way to, and forgets the account with its tokens. A vendor
 * that cannot be reached does not keep the account connected here.
 * @returns what the person still has to do, or null; undefined when there is no such account
 */
export async function disconnect(
  credentials: Pick<CredentialStore, 'get' | 'list' | 'remove'>,
  flows: SignInFlows,
  owner: string,
  account: string,
): Promise<string | null | undefined> {
  const found = (await credentials.list(owner)).find(({ email }) => email === account);
  if (found === undefined) return undefined;
  const { revoke, grantsPage } = flows[found.provider];
  const name = providerNames[found.provider];
  let left: string | null = null;
  if (revoke === null) {
    left = `${name} keeps the consent until you take it back at ${grantsPage}.`;
  } else {
    try {
      // A sign-in that does not open any more cannot be taken back from here.
      const opened = await credentials.get(owner, account);
      if (opened !== undefined) await revoke(opened.refreshToken);
    } catch {
      left = `${name} could not be told; take the consent back at ${grantsPage}.`;
    }
  }
  await credentials.remove(owner, account);
  return left;
}
