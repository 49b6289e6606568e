/**
 * The goals of the crash bench and what the person behind each of them does. Chosen by seeded chance;
 * the model of the sandbox understands all of them, and no two of them want the same thing.
 */

/** What the person does once the goal waits for them. */
export type Manner =
  /** Approves everything. */
  | 'approve'
  /** Changes the text or title of everything and approves that. */
  | 'edit'
  | 'reject'
  /** Approves and rejects at the same moment, from two devices. */
  | 'race'
  /** Cancels while an approval waits. */
  | 'cancel'
  /** Approves what can be undone, then cancels when only the mail is left. */
  | 'regret'
  /** Cancels right after approving, while it is being done. */
  | 'hasty';

export type Errand = {
  readonly kind: Kind;
  readonly goal: string;
  readonly manner: Manner;
  /** Gives up when the start is not answered, as a client that was killed itself. */
  readonly abandons: boolean;
};

const kinds = ['mail', 'invite', 'chain', 'undo', 'draft', 'ask', 'read', 'move', 'long'] as const;
/** `long` continues as new again and again. */
export type Kind = (typeof kinds)[number];

const shares: Readonly<Record<Kind, number>> = {
  mail: 22,
  invite: 20,
  chain: 12,
  undo: 14,
  draft: 7,
  ask: 6,
  read: 5,
  move: 4,
  long: 10,
};

const manners: readonly (readonly [Manner, number])[] = [
  ['approve', 50],
  ['edit', 16],
  ['reject', 10],
  ['race', 8],
  ['cancel', 6],
  ['hasty', 10],
];

/** The next errand. `number` makes it unlike any other. */
export function nextErrand(random: () => number, number: number): Errand {
  const kind = pick(
    random,
    kinds.map((name) => [name, shares[name]] as const),
  );
  const undoable = kind === 'undo' || (kind === 'chain' && random() < 0.5);
  const manner = undoable ? 'regret' : pick(random, manners);
  return { kind, goal: textOf(kind, random, number), manner, abandons: random() < 0.08 };
}

function textOf(kind: Kind, random: () => number, n: number): string {
  const [day, other] = [dayOf(random), dayOf(random)];
  const hour = 8 + Math.floor(random() * 9);
  switch (kind) {
    case 'mail':
    case 'long':
      return `write to bob.keller@office.example.com that order ${n} is late`;
    case 'invite':
      return random() < 0.3
        ? `Find 15 minutes with Bob on ${day} and invite him`
        : `Invite Bob to a 30 minute retro ${n} on ${day} at ${hour}:00`;
    case 'chain':
      return `Invite Bob to a 30 minute retro ${n} on ${day} at ${hour}:00 and write to Carla that retro ${n} is on`;
    case 'undo':
      return `Remind me to review report ${n} on ${day} at ${hour}:00, remind me to call the bank ${n} on ${other} at ${hour}:00 and write to Bob that item ${n} is done`;
    case 'draft':
      return `Draft an email to Priya about audit log ${n}`;
    case 'ask':
      return `Find time with Zed on ${day} and invite him`;
    case 'read':
      return `what is on my calendar on ${day}?`;
    case 'move':
      return `Move my 1:1 with Bob next week to ${weekday(random)} at ${hour}:00`;
    default:
      kind satisfies never;
      return '';
  }
}

const months = ['December', 'January', 'February', 'March'];
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'];

function dayOf(random: () => number): string {
  return `${1 + Math.floor(random() * 28)} ${months[Math.floor(random() * months.length)] ?? ''}`;
}

function weekday(random: () => number): string {
  return weekdays[Math.floor(random() * weekdays.length)] ?? '';
}

/** Picks one by its share. */
export function pick<Item>(
  random: () => number,
  choices: readonly (readonly [Item, number])[],
): Item {
  let at = random() * choices.reduce((sum, [, share]) => sum + share, 0);
  for (const [item, share] of choices) {
    at -= share;
    if (at < 0) return item;
  }
  const last = choices.at(-1);
  if (last === undefined) throw new Error('There is nothing to choose from.');
  return last[0];
}
