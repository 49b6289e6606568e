/**
 * Gmail's labels: the person's own by name, and changing a message's place and marks. System labels
 * are places and marks here, never names.
 * @see https://developers.google.com/workspace/gmail/api/guides/labels
 */
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failureTypeOf } from '../failures.ts';
import type { GoogleSession } from '../google/client.ts';
import { asObject, me, orNull } from './google-reads.ts';
import { toMailMessage } from './google-messages.ts';
import type { MailMessage, MessageChange } from './port.ts';
import { isSameLabel } from './query-match.ts';

/** The labels of one mailbox, read when they are needed. */
export type Labels = {
  /** Names of the person's own labels by id. */
  names(): Promise<ReadonlyMap<string, string>>;
  /** The same; reads them only when one of these ids is not a system label. */
  namesFor(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Ids by name; creates what does not exist. */
  idsOf(names: readonly string[]): Promise<string[]>;
  /** Ids of those of these names that exist. */
  known(names: readonly string[]): Promise<string[]>;
};

/** Gmail writes its own labels in capitals: INBOX, CATEGORY_UPDATES. */
const systemLabel = /^[A-Z_]+$/;
const noNames: ReadonlyMap<string, string> = new Map();

/** The labels of a mailbox. */
export function createLabels(session: GoogleSession): Labels {
  let reading: Promise<Map<string, string>> | undefined;
  const names = (): Promise<Map<string, string>> => {
    reading ??= readNames(session);
    return reading;
  };
  const known = async (wanted: readonly string[]): Promise<string[]> => {
    const all = [...(await names())];
    return wanted.flatMap((name) => all.find(([, other]) => isSameLabel(name, other))?.[0] ?? []);
  };
  return {
    names,
    async namesFor(ids) {
      const own = ids.filter((id) => !systemLabel.test(id));
      if (own.length === 0) return noNames;
      const all = await names();
      // A label may have been created since they were read.
      if (own.some((id) => !all.has(id))) reading = undefined;
      return names();
    },
    known,
    async idsOf(wanted) {
      const ids: string[] = [];
      for (const name of wanted) {
        const [id] = await known([name]);
        ids.push(id ?? (await createLabel(session, await names(), name)));
      }
      return ids;
    },
  };
}

async function readNames(session: GoogleSession): Promise<Map<string, string>> {
  const data = asObject(
    await session.read('read the labels', () => session.gmail.users.labels.list(me)),
  );
  const own = (data.labels ?? []).filter(({ type }) => type === 'user');
  return new Map(own.flatMap(({ id, name }) => (id && name ? [[id, name] as const] : [])));
}

/** Creates a label, or finds it when somebody was faster. */
async function createLabel(
  session: GoogleSession,
  names: Map<string, string>,
  name: string,
): Promise<string> {
  const create = () =>
    session.gmail.users.labels.create({ ...me, requestBody: { name: name.trim() } });
  try {
    const { id } = asObject(await session.write('create the label', create));
    if (!id) throw new UnknownOutcomeError('Google sent an answer without a label.');
    names.set(id, name);
    return id;
  } catch (error) {
    // Creating is repeated safely: a label of that name is all that is wanted.
    if (!(error instanceof UnknownOutcomeError) && failureTypeOf(error) !== 'ConflictError') {
      throw error;
    }
    for (const [id, other] of await readNames(session)) {
      if (isSameLabel(name, other)) {
        names.set(id, other);
        return id;
      }
    }
    throw error;
  }
}

/** Changes a message's labels to what the change asks for; nothing is sent when it is so already. */
export async function changeMessage(
  session: GoogleSession,
  labels: Labels,
  messageId: string,
  change: MessageChange,
): Promise<MailMessage> {
  const { messages } = session.gmail.users;
  const marks = marksOf(change);
  const addLabelIds = [...marks.add, ...(await labels.idsOf(change.addLabels ?? []))];
  const removeLabelIds = [...marks.remove, ...(await labels.known(change.removeLabels ?? []))];
  const get = () => messages.get({ ...me, id: messageId, format: 'full' });
  const before = asObject(await session.read('read the mail', get));
  const has = before.labelIds ?? [];
  const isSo =
    addLabelIds.every((id) => has.includes(id)) && !removeLabelIds.some((id) => has.includes(id));
  if (!isSo) {
    const requestBody = { addLabelIds, removeLabelIds };
    await session.write('change the mail', () =>
      messages.modify({ ...me, id: messageId, requestBody }),
    );
  }
  const after = isSo ? before : await orNull(session.read('read the mail', get));
  if (after === null) throw new UnknownOutcomeError('The mail is gone after it was changed.');
  return toMailMessage(after, await labels.namesFor(after.labelIds ?? []));
}

/** The system labels that stand for a place and for having been read. */
function marksOf({ folder, unread }: MessageChange): { add: string[]; remove: string[] } {
  const places = { inbox: 'INBOX', archive: null, spam: 'SPAM', trash: 'TRASH' } as const;
  const add: string[] = [];
  const remove: string[] = [];
  if (folder !== undefined) {
    const place = places[folder];
    if (place !== null) add.push(place);
    remove.push(...['INBOX', 'SPAM', 'TRASH'].filter((label) => label !== place));
  }
  if (unread !== undefined) (unread ? add : remove).push('UNREAD');
  return { add, remove };
}
