/** Commands on what triage said of the person's mail. Triage itself is a goal. */
import type { TriageClass } from '#contracts/schemas/triage.ts';
import type { CommandContext } from './commands.ts';
import { CliError } from './find-api.ts';
import { escapeText } from './render.ts';

type TriagedMail = {
  readonly account: string;
  readonly messageId: string;
  readonly from: string;
  readonly subject: string;
  readonly class: TriageClass;
  readonly reason: string;
  readonly summary: string | null;
  readonly correctedClass: TriageClass | null;
};

/** `triage`: classified mail, newest first; of one class when one is named. */
export async function triageCommand(
  { api, print }: CommandContext,
  wanted: string | undefined,
): Promise<number> {
  const query = wanted === undefined ? '' : `?${new URLSearchParams({ class: wanted }).toString()}`;
  const { mails } = await api.call<{ mails: TriagedMail[] }>('GET', `/v1/triage${query}`);
  if (mails.length === 0)
    print('Nothing here. Sort what came in: npx adjutant goal "Triage my inbox"');
  for (const mail of mails) for (const line of renderTriaged(mail)) print(line);
  return 0;
}

/** `triage correct`: says where a class was wrong; the next triage learns from it. */
export async function correctCommand(
  { api, print }: CommandContext,
  account: string,
  messageId: string,
  right: string,
): Promise<number> {
  const path = `/v1/triage/${encodeURIComponent(account)}/${encodeURIComponent(messageId)}`;
  const mail = await api.call<TriagedMail>('PATCH', path, { body: { class: right } });
  for (const line of renderTriaged(mail)) print(line);
  return 0;
}

/** `triage drafts`: whether mail from an address or a domain gets drafts. @throws CliError */
export async function draftsCommand(
  { api, print }: CommandContext,
  sender: string,
  state: string,
): Promise<number> {
  if (state !== 'on' && state !== 'off') throw new CliError('Say on or off after the sender.');
  const path = `/v1/triage/senders/${encodeURIComponent(sender)}`;
  await api.call('PUT', path, { body: { drafts: state === 'on' } });
  print(`Mail from ${escapeText(sender)} ${state === 'on' ? 'gets' : 'gets no'} drafts.`);
  return 0;
}

function renderTriaged(mail: TriagedMail): string[] {
  const said = mail.correctedClass === null ? '' : ` (you said ${mail.correctedClass})`;
  const { account, messageId, from, subject, reason, summary } = mail;
  return [
    `${mail.class}${said}  ${escapeText(from)}  ${escapeText(subject)}`,
    `  ${escapeText(summary ?? reason)}`,
    `  ${escapeText(account)} ${escapeText(messageId)}`,
  ];
}
