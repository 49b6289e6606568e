/**
 * Labels, marks and places of the person's own messages. What a step changes is written down message
 * by message when it is prepared; undoing takes back exactly that, and leaves alone what somebody has
 * changed since. Nothing is ever deleted for good.
 */
import type { StepContext } from '#contracts/activities.ts';
import { failures } from '#contracts/failures.ts';
import type { JsonObject } from '#contracts/json.ts';
import { type ChangeMailPayload, changeMailPayloadSchema } from '#contracts/schemas/email.ts';
import { asHandler } from '../calendar/effects.ts';
import type { EffectContext, EffectHandler } from '../effects/handler.ts';
import { findHolders } from '../accounts.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import { changeMailCard, countMails } from './change-mail-card.ts';
import type { WriteDeps } from './dependencies.ts';
import type { EmailPort, MailMessage, MessageChange } from './port.ts';
import { isSameLabel } from './query-match.ts';

type Tool = ChangeMailPayload['kind'];
type Item = ChangeMailPayload['messages'][number];
type ChangeDeps = Pick<WriteDeps, 'email' | 'accounts'>;
type Left = { readonly messageId: string; readonly why: string };

/** Builds the handlers of labelMail, archiveMail, markMail and moveMail. */
export function createChangeMailHandlers(deps: ChangeDeps): EffectHandler[] {
  const names = ['labelMail', 'archiveMail', 'markMail', 'moveMail'] as const;
  return names.map((tool) => asHandler(createHandler(deps, tool)));
}

function createHandler(deps: ChangeDeps, tool: Tool): EffectHandler<ChangeMailPayload> {
  const mailboxOf = ({ step }: EffectContext, { account }: Item) => deps.email(step.owner, account);
  const isBegun = async ({ messages }: ChangeMailPayload, context: EffectContext) => {
    for (const item of messages) {
      if (await isAsAsked(await mailboxOf(context, item), item)) return true;
    }
    return false;
  };
  return {
    tool,
    payloadSchema: changeMailPayloadSchema,
    async prepare(context, input) {
      const payload = await prepareChange(deps, context, tool, input);
      return {
        payload,
        recipients: [],
        card: changeMailCard(payload),
        summary: `Change ${countMails(payload.messages.length)}`,
      };
    },
    async perform(payload, context) {
      const left: Left[] = [];
      for (const [index, item] of payload.messages.entries()) {
        const refusal = await changeOne(await mailboxOf(context, item), item);
        if (refusal === null) continue;
        const isGone = failureTypeOf(refusal) === 'NotFoundError';
        // Nothing has happened when the first is refused, unless an earlier attempt got further.
        if (index === 0 && !isGone && !(await isBegun(payload, context))) throw refusal;
        left.push({ messageId: item.messageId, why: isGone ? gone : refusal.message });
      }
      return receiptOf(payload, left);
    },
    /** Doing it again changes nothing, so only what is not as asked for needs another attempt. */
    async reconcile(payload, context) {
      const left: Left[] = [];
      for (const item of payload.messages) {
        const message = await (await mailboxOf(context, item)).message(item.messageId);
        if (message === null) left.push({ messageId: item.messageId, why: gone });
        else if (!isEmpty(differenceTo(message, item.change))) return { found: 'absent' };
      }
      return { found: 'done', receipt: receiptOf(payload, left) };
    },
    async undo(payload, _receipt, context) {
      const left: Left[] = [];
      for (const item of payload.messages) {
        const mailbox = await mailboxOf(context, item);
        const message = await mailbox.message(item.messageId);
        if (message === null) {
          left.push({ messageId: item.messageId, why: gone });
          continue;
        }
        const back = inverseOf(item, message);
        if (!isEmpty(back)) await mailbox.changeMessage(item.messageId, back);
      }
      return receiptOf(payload, left);
    },
  };
}

const gone = 'The message is not there any more.';

/** Works out, message by message, what is not yet as asked for. */
async function prepareChange(
  deps: ChangeDeps,
  context: StepContext,
  tool: Tool,
  raw: JsonObject,
): Promise<ChangeMailPayload> {
  const { messageIds, account, wanted } = readInput(tool, raw);
  const accounts = await deps.accounts.covered(context.owner, account);
  const messages: Item[] = [];
  for (const messageId of new Set(messageIds)) {
    const [holder] = await findHolders(accounts, async ({ email }) =>
      (await deps.email(context.owner, email)).message(messageId),
    );
    if (holder === undefined) {
      throw failure(
        'NotFoundError',
        `There is no message with the id ${cleanLine(messageId, 60)}. Find it again with searchMail.`,
      );
    }
    const change = differenceTo(holder.value, wanted);
    if (isEmpty(change)) continue;
    if (change.folder !== undefined) requireMovable(holder.value);
    const { labels, unread, folder, subject, from } = holder.value;
    messages.push({
      account: holder.account.email,
      messageId,
      subject: cleanLine(subject, 200),
      from: from.email,
      before: { labels: [...labels], unread, folder },
      change,
    });
  }
  return { kind: tool, account: messages[0]?.account ?? accounts[0].email, messages };
}

type Wish = {
  readonly messageIds: readonly string[];
  readonly account?: string | null | undefined;
  readonly wanted: MessageChange;
};

function readInput(tool: Tool, raw: JsonObject): Wish {
  switch (tool) {
    case 'labelMail': {
      const { add, remove, ...input } = parseToolInput(tool, raw);
      return { ...input, wanted: { addLabels: add ?? [], removeLabels: remove ?? [] } };
    }
    case 'archiveMail':
      return { ...parseToolInput(tool, raw), wanted: { folder: 'archive' } };
    case 'markMail': {
      const { as, ...input } = parseToolInput(tool, raw);
      return { ...input, wanted: { unread: as === 'unread' } };
    }
    case 'moveMail': {
      const { to, ...input } = parseToolInput(tool, raw);
      return { ...input, wanted: { folder: to } };
    }
    default:
      return tool satisfies never;
  }
}

/** Moving from anywhere else could not be undone on every provider. */
function requireMovable({ folder, subject }: MailMessage): void {
  if (['inbox', 'archive', 'spam', 'trash'].includes(folder)) return;
  throw failure(
    'InvalidInputError',
    `"${cleanLine(subject, 100)}" lies in ${folder}; only mail in the inbox, the archive, spam or trash is moved.`,
  );
}

/** The part of a change that a message does not have yet. */
function differenceTo(message: MailMessage, wanted: MessageChange): Item['change'] {
  const has = (label: string): boolean => message.labels.some((own) => isSameLabel(own, label));
  const addLabels = (wanted.addLabels ?? []).filter((label) => !has(label));
  const removeLabels = (wanted.removeLabels ?? []).filter(has);
  const { unread, folder } = wanted;
  return {
    ...(addLabels.length === 0 ? {} : { addLabels }),
    ...(removeLabels.length === 0 ? {} : { removeLabels }),
    ...(unread === undefined || unread === message.unread ? {} : { unread }),
    ...(folder === undefined || isAt(message, folder) ? {} : { folder }),
  };
}

/** Mail that was sent or filed away is out of the inbox, which is all that archiving means. */
function isAt({ folder }: MailMessage, wanted: string): boolean {
  return folder === wanted || (wanted === 'archive' && (folder === 'sent' || folder === 'other'));
}

/** What takes a change back, as far as it still stands. */
function inverseOf({ before, change }: Item, now: MailMessage): MessageChange {
  const places = ['inbox', 'archive', 'spam', 'trash'] as const;
  const folder = places.find((place) => place === before.folder);
  const has = (label: string): boolean => now.labels.some((own) => isSameLabel(own, label));
  return {
    addLabels: (change.removeLabels ?? []).filter((label) => !has(label)),
    removeLabels: (change.addLabels ?? []).filter(has),
    ...(change.unread !== undefined && now.unread === change.unread
      ? { unread: before.unread }
      : {}),
    ...(change.folder !== undefined && now.folder === change.folder && folder !== undefined
      ? { folder }
      : {}),
  };
}

function isEmpty({ addLabels = [], removeLabels = [], unread, folder }: MessageChange): boolean {
  return (
    addLabels.length + removeLabels.length === 0 && unread === undefined && folder === undefined
  );
}

/**
 * Changes one message. Null when it is as asked for, else why it is not: one refused message does not
 * keep the others.
 */
async function changeOne(mailbox: EmailPort, item: Item): Promise<Error | null> {
  try {
    await mailbox.changeMessage(item.messageId, item.change);
    return null;
  } catch (error) {
    if (!(error instanceof Error) || !isRefusal(error)) throw error;
    return (await isAsAsked(mailbox, item)) ? null : error;
  }
}

/** What may not be read either is not known to be as asked for. */
async function isAsAsked(mailbox: EmailPort, { messageId, change }: Item): Promise<boolean> {
  try {
    const message = await mailbox.message(messageId);
    return message !== null && isEmpty(differenceTo(message, change));
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  const type = failureTypeOf(error);
  return type !== undefined && failures[type].category === 'permanent';
}

function receiptOf({ account, messages }: ChangeMailPayload, left: readonly Left[]): JsonObject {
  const missed = new Set(left.map(({ messageId }) => messageId));
  const ids = messages.map(({ messageId }) => messageId).filter((id) => !missed.has(id));
  return { account, messageIds: ids, left: [...left] };
}
