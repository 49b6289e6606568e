/** The twelve ways in which one request to a provider fails, as the sandbox makes them. */

/** How long a call is waited for, and how late a late one is acted on all the same. */
export const patienceMs = 250;
export const lateMs = 400;

const page = { headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' };
const soon = { 'retry-after': '1' };

/** By name, what `POST /__faults` of the oracle takes. */
export const faults = {
  'lost before it arrived': { action: 'drop_before' },
  'lost after it was done': { action: 'drop_after_commit' },
  'delivered twice': { action: 'duplicate' },
  'done after nobody waited any more': { action: 'delay', delayMs: lateMs },
  'answered in part': { action: 'truncate' },
  'answered by a page': { action: 'status', status: 200, ...page },
  'refused with 408': { action: 'status', status: 408 },
  'refused with 429': { action: 'status', status: 429, headers: soon },
  'refused with 500': { action: 'status', status: 500 },
  'refused with 502': { action: 'status', status: 502, ...page },
  'refused with 503': { action: 'status', status: 503 },
  'refused with 504': { action: 'status', status: 504, headers: soon },
} as const;
export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

/** How long a fault goes on acting after its effect has ended. */
export const afterwardsMs: { readonly [Name in FaultName]?: number } = {
  'done after nobody waited any more': lateMs,
  // The connection is reset a moment after the half answer.
  'answered in part': 40,
};
