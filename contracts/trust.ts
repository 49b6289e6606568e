/** Where a value came from, and whether it may be believed. Labels travel with every step output. */

/** `trusted`: written by the person or computed by our code. `untrusted`: anyone could have. */
export type Trust = 'trusted' | 'untrusted';

/** One source of a value. `label` is for people: "mail from Dana Reyes, 20 Nov". */
export type Origin = {
  readonly kind: 'goal' | 'directory' | 'calendar' | 'mail' | 'page' | 'model';
  readonly label: string;
  /** Id at the provider (message, event) or the page's address. */
  readonly ref?: string | undefined;
};

/** An input leaf that was filled from an untrusted output. `path` is like `to[0]`. */
export type Taint = { readonly path: string; readonly origins: readonly Origin[] };

/** Untrusted wins: whatever is derived from untrusted data stays untrusted. */
export function combineTrust(labels: readonly Trust[]): Trust {
  return labels.includes('untrusted') ? 'untrusted' : 'trusted';
}

/** Joins origin lists, dropping repeats and everything past twenty. */
export function combineOrigins(lists: readonly (readonly Origin[])[]): Origin[] {
  const seen = new Map<string, Origin>();
  for (const origin of lists.flat())
    seen.set(`${origin.kind}:${origin.ref ?? origin.label}`, origin);
  return [...seen.values()].slice(0, 20);
}
