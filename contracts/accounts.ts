/** Connected accounts, as the parts name them to each other. No tokens: those never leave the store. */

/** Vendors an account can be connected at. */
export const providers = ['google', 'microsoft'] as const;
export type Provider = (typeof providers)[number];

/** What people call the vendors. */
export const providerNames = {
  google: 'Google',
  microsoft: 'Microsoft',
} as const satisfies Record<Provider, string>;

/** Work on connected accounts that needs their keys, which the api does not have. */
export type AccountRequest =
  | { readonly request: 'prepareSignIn' | 'completeSignIn'; readonly signInId: string }
  | { readonly request: 'disconnectAccount'; readonly owner: string; readonly account: string };
/** What became of it. `account` is null for a consent that begins, and for an account nobody has. */
export type AccountOutcome = {
  readonly account: string | null;
  /** What the person still has to do, in words. */
  readonly leftToDo: string | null;
};
/** Queue `adjutant-connectors`. Tokens, codes and verifiers stay in Postgres: no payload holds one. */
export interface AccountActivities {
  /** Writes the address of the consent page into the row of a sign-in. */
  prepareSignIn(request: { signInId: string }): Promise<AccountOutcome>;
  /** Redeems the code of a sign-in and stores the account. */
  completeSignIn(request: { signInId: string }): Promise<AccountOutcome>;
  /** Takes the grant back at the vendor where it can, and forgets the account. */
  disconnectAccount(request: { owner: string; account: string }): Promise<AccountOutcome>;
}
