/** Connected accounts, as the parts name them to each other. No tokens: those never leave the store. */

/** Vendors an account can be connected at. */
export const providers = ['google', 'microsoft'] as const;
export type Provider = (typeof providers)[number];

/** What people call the vendors. */
export const providerNames = {
  google: 'Google',
  microsoft: 'Microsoft',
} as const satisfies Record<Provider, string>;
