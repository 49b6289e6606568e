/** Plays that once went wrong, by what was wrong. They are played on each run of the tests. */
import type { Play } from './signal-plays.ts';

export const kept: Readonly<Record<string, Play>> = {};
