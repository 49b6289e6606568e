/**
 * Failures that users of similar systems reported, and the rule that keeps each from happening here. A
 * test that fails when the rule is broken carries its number at the end of its name: `(seen: 4)`. Here
 * is checked only that every rule has one.
 */
import { expect, it } from 'vitest';
import { projectFiles, read } from './sources.ts';

/** The rules by the number their failure has on the list of this project. */
const rules: Readonly<Record<number, string>> = {
  1: 'reading never decides, whoever opens the link',
  2: 'a write is sent once; no library repeats it',
  3: 'the provider gets a key that derives from the effect',
  4: 'an outcome nobody knows is looked up, never repeated',
  5: 'the intent is on record before the act, and no lease lets it be done again',
  6: 'what was approved is what is sent',
  7: 'a decision does nothing again that was done, and two of them act once',
  8: 'what has gone stale while it waited is not sent',
  9: 'a decision that was taken goes on by itself',
  10: 'what waits is still waiting after a restart, and can be decided',
  11: 'an approval is for one effect in one revision, and keeps its first decision',
  12: 'news about what waits is shown and asked about, and discards nothing',
  13: 'no stray word decides, and none can stop the goal',
  14: 'what cannot be read or authenticated is not a decision',
  15: 'the person is shown all of what will be sent',
  16: 'an edit is a decision: checked, judged anew, and on record with its difference',
  17: 'only the person it belongs to decides',
  18: 'no setting lets a commitment pass without approval',
  22: 'histories grow in a line',
  23: 'nothing that waits is lost when a run is continued as a new one',
  24: 'a release that would break waiting goals is caught, and a goal is started once',
  25: 'a result that is on record is not made again',
  26: 'an answered decision is durable, whatever becomes of messages about it',
  28: 'what a model call may cost is reserved before it, and a person is asked when it does not fit',
  39: 'the record can be neither altered nor cut short unnoticed',
};

/** The list goes on; what is not above is marked where a test shows it. */
const lastRule = 44;
const mark = /\(seen: (\d+(?:, \d+)*)\)['"`]/g;

it('every rule learned from a failure elsewhere has a test that names it', () => {
  const tests = projectFiles().filter((file) => /^test\/(?!architecture\/).+\.ts$/.test(file));
  const tested = new Set(
    tests.flatMap((file) =>
      [...read(file).matchAll(mark)].flatMap(([, numbers = '']) => numbers.split(', ').map(Number)),
    ),
  );
  const untested = Object.entries(rules).filter(([number]) => !tested.has(Number(number)));
  expect(untested).toEqual([]);
  expect([...tested].filter((number) => number < 1 || number > lastRule)).toEqual([]);
});
