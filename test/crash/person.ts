/** One person with one goal: starts it, does what their manner says, and watches until it has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval } from '#contracts/approval.ts';
import { type GoalState, isTerminal } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { Board, Client } from './client.ts';
import type { Errand } from './goals.ts';

/** What a person lives with. */
export type Surroundings = {
  readonly client: Client;
  readonly random: () => number;
  /** The board as it was read last; undefined before the first time. */
  readonly board: () => Board | undefined;
  /** Aborted when the bench gives up on goals that do not end. */
  readonly until: AbortSignal;
};

const lookMs = 200;
const thinkMs = 900;
/** A person who finds a request still waiting after this long decides again. */
const againMs = 5_000;

/** Stays with a goal to its end; how it ended, or undefined when it did not. */
export async function follow(
  goalId: string,
  errand: Pick<Errand, 'manner'>,
  world: Surroundings,
): Promise<GoalState | undefined> {
  const { client, board, until } = world;
  const handledAt = new Map<string, number>();
  let answering: Promise<void> | undefined;
  while (!until.aborted) {
    await sleep(lookMs);
    const now = board();
    if (now === undefined) continue;
    const state = now.states.get(goalId);
    if (state === undefined) {
      const view = await client.view(goalId);
      if (view !== undefined && isTerminal(view.state)) return view.state;
      continue;
    }
    if (state === 'awaiting_answer') {
      answering ??= client.answer(goalId, until).finally(() => (answering = undefined));
    }
    const open = now.approvals.filter((one) => one.goalId === goalId);
    const fresh = open.filter(
      ({ approvalId }) => Date.now() - (handledAt.get(approvalId) ?? 0) > againMs,
    );
    if (fresh.length === 0) continue;
    await sleep(world.random() * thinkMs);
    await handle(fresh, errand, world);
    for (const { approvalId } of fresh) handledAt.set(approvalId, Date.now());
  }
  return undefined;
}

async function handle(
  open: readonly Approval[],
  { manner }: Pick<Errand, 'manner'>,
  { client, until }: Surroundings,
): Promise<void> {
  const [first] = open;
  if (first === undefined) return;
  const approve = (one: Approval) => client.decide(one, 'approve', one.input, until);
  const approveAll = (some: readonly Approval[]) => Promise.all(some.map(approve));
  // What is no step of the goal (did it happen? raise the budget?) gets a plain answer.
  if (open.some(({ kind }) => kind !== 'action')) return void (await approveAll(open));
  switch (manner) {
    case 'approve':
      return void (await approveAll(open));
    case 'edit':
      return void (await Promise.all(
        open.map((one) => client.decide(one, 'edit', edited(one), until)),
      ));
    case 'reject':
      return void (await Promise.all(
        open.map((one) => client.decide(one, 'reject', one.input, until)),
      ));
    case 'race':
      return void (await Promise.all(
        open.flatMap((one) => [approve(one), client.decide(one, 'reject', one.input, until)]),
      ));
    case 'cancel':
      return void (await client.cancel(first.goalId, until));
    case 'hasty':
      await approveAll(open);
      return void (await client.cancel(first.goalId, until));
    case 'regret':
      return regret(first.goalId, open, { client, until });
    default:
      manner satisfies never;
  }
}

/** Approves what can be undone until all of it is done; cancels when only the mail is left. */
async function regret(
  goalId: string,
  open: readonly Approval[],
  { client, until }: Pick<Surroundings, 'client' | 'until'>,
): Promise<void> {
  if (open.every(({ tool }) => tool !== 'sendEmail')) {
    await Promise.all(open.map((one) => client.decide(one, 'approve', one.input, until)));
    return;
  }
  const decided = new Set<string>();
  while (!until.aborted) {
    const view = await client.view(goalId);
    const others = view?.steps.filter(({ tool }) => tool !== 'sendEmail') ?? [];
    const isOver = others.every(({ status }) => status === 'completed' || status === 'failed');
    if (view !== undefined && (isOver || isTerminal(view.state))) break;
    const undoable = (view?.pendingApprovals ?? []).filter(
      ({ tool, approvalId }) => tool !== 'sendEmail' && !decided.has(approvalId),
    );
    for (const { approvalId } of undoable) decided.add(approvalId);
    await Promise.all(undoable.map((one) => client.decide(one, 'approve', one.input, until)));
    await sleep(lookMs * 2);
  }
  await client.cancel(goalId, until);
}

/** The input with another subject or title. */
function edited({ tool, input }: Approval): JsonObject {
  const field = tool === 'sendEmail' ? 'subject' : tool === 'createEvent' ? 'title' : null;
  const text = field === null ? undefined : input[field];
  return field === null || typeof text !== 'string'
    ? input
    : { ...input, [field]: `${text} (edited)` };
}
