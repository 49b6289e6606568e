/** The one error of reading times; its message names the forms that are understood. */

/** Why a phrase about time could not be turned into instants. */
export type TimePhraseErrorCode =
  'not_understood' | 'no_time' | 'ambiguous' | 'contradiction' | 'past' | 'unknown_zone';

const INSTANT_FORMS =
  '2026-11-24T15:00, 2026-11-24T15:00+01:00, "next Tuesday 3pm", "tomorrow at 9:00", ' +
  '"Thursday 14:30", "24 November 15:00", "in two hours"';
const WINDOW_FORMS =
  '2026-11-24, 2026-11-24/2026-11-28, "today", "tomorrow", "this week", "next week", ' +
  '"next month", "Thursday afternoon", "next Monday morning", "in the next 3 days", ' +
  '"the rest of this week", "before Thursday", "between Monday and Wednesday", ' +
  '"tomorrow 14:00-16:00"';

/** A phrase that was not turned into a time, rather than guessed at. */
export class TimePhraseError extends Error {
  override readonly name = 'TimePhraseError';
  readonly code: TimePhraseErrorCode;
  /** What was written, shortened. */
  readonly phrase: string;

  constructor(
    code: TimePhraseErrorCode,
    phrase: string,
    why: string,
    wanted: 'instant' | 'window',
  ) {
    const shown = phrase.length > 80 ? `${phrase.slice(0, 80)}…` : phrase;
    const forms = wanted === 'instant' ? INSTANT_FORMS : WINDOW_FORMS;
    super(`"${shown}": ${why} Understood forms: ${forms}.`);
    this.code = code;
    this.phrase = shown;
  }
}

/** What the readers below throw inside; the entry points add the phrase and the forms. */
export class Unreadable extends Error {
  readonly code: TimePhraseErrorCode;

  constructor(code: TimePhraseErrorCode, why: string) {
    super(why);
    this.code = code;
  }
}
