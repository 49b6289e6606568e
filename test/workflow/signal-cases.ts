/** Plays that once went wrong, by what was wrong. They are played on each run of the tests. */
import type { Play } from './signal-plays.ts';

export const kept: Readonly<Record<string, Play>> = {
  'a go-ahead that a new plan takes back is not shown as one that stands': {
    kinds: ['unknown', 'mail', 'unknown'],
    inSequence: false,
    asks: false,
    planApproval: false,
    sendDelayMs: 250,
    approvalExpiresMs: 60000,
    continueAfterEvents: 32,
    moves: [
      { deed: 'malformed', at: 4, waits: false, gapMs: 60 },
      { deed: 'steer_drop', at: 0, waits: true, gapMs: 0 },
      { deed: 'edit', at: 0, waits: true, gapMs: 0 },
      { deed: 'pause', at: 2, waits: false, gapMs: 0 },
    ],
  },
  'a decision that was stored in time is not answered as late': {
    kinds: ['mail'],
    inSequence: true,
    asks: false,
    planApproval: false,
    sendDelayMs: 0,
    approvalExpiresMs: 1500,
    continueAfterEvents: 37,
    moves: [
      { deed: 'stale_digest', at: 7, waits: false, gapMs: 0 },
      { deed: 'approve', at: 1, waits: true, gapMs: 0 },
      { deed: 'amend_stale', at: 1, waits: false, gapMs: 0 },
      { deed: 'approve', at: 2, waits: false, gapMs: 0 },
      { deed: 'approve', at: 7, waits: false, gapMs: 60 },
      { deed: 'amend_drop', at: 1, waits: false, gapMs: 0 },
    ],
  },
  'a decision that a cancellation overtakes is journaled': {
    kinds: ['event', 'mail', 'event', 'mail'],
    inSequence: true,
    asks: false,
    planApproval: false,
    sendDelayMs: 0,
    approvalExpiresMs: 60000,
    continueAfterEvents: null,
    moves: [
      { deed: 'amend_stale', at: 2, waits: true, gapMs: 15 },
      { deed: 'answer', at: 5, waits: true, gapMs: 0 },
      { deed: 'cancel', at: 6, waits: true, gapMs: 0 },
      { deed: 'resume', at: 7, waits: true, gapMs: 0 },
      { deed: 'edit', at: 6, waits: false, gapMs: 0 },
      { deed: 'late', at: 7, waits: false, gapMs: 0 },
      { deed: 'approve', at: 2, waits: false, gapMs: 0 },
      { deed: 'malformed', at: 7, waits: false, gapMs: 0 },
      { deed: 'reject_with_comment', at: 3, waits: false, gapMs: 0 },
      { deed: 'resume', at: 2, waits: false, gapMs: 0 },
    ],
  },
};
