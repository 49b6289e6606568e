/** What the world does wrong while parts are being killed: answers late, twice, cut short or not at all. */
import type { JsonObject } from '#contracts/json.ts';
import { pick } from './goals.ts';

const changes = { method: 'POST', pathRegex: '/calendars/[^/]+/events(\\?|$)' };
const sends = { method: 'POST', pathRegex: 'drafts/send' };
const drafts = { method: 'POST', pathRegex: '/drafts(\\?|$)' };
const moves = { method: 'PATCH', pathRegex: '/events/' };
const deletes = { method: 'DELETE', pathRegex: '/events/' };
const model = { method: 'POST', pathRegex: '/responses' };

/** One fault by seeded chance, as `POST /__faults` takes it. */
export function nextFault(random: () => number): JsonObject {
  const match = pick(random, [
    [changes, 4],
    [sends, 4],
    [drafts, 2],
    [moves, 1],
    [deletes, 2],
    [model, 2],
  ]);
  const action = pick(random, [
    ['drop_after_commit', 4],
    ['delay', 3],
    // A provider that stores a draft twice stores two: no client can keep it from that.
    ...(match === drafts ? [] : [['duplicate', 3] as const]),
    ['truncate', 2],
    ['drop_before', 2],
    ['status', 2],
  ]);
  return { match, action, delayMs: Math.round(300 + random() * 2_200) };
}
