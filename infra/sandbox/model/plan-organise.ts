/** Plans for keeping mail in order: archive, label, mark, move; and for learning how somebody writes. */
import type { JsonObject } from '#contracts/json.ts';
import type { ToolName } from '#contracts/tools.ts';
import { outputOf, type PlanBuilder } from './builder.ts';
import { mailQuery } from './plan-mail.ts';
import type { Intent } from './understand.ts';

type Wish = { readonly tool: ToolName; readonly input: JsonObject; readonly about: string };

/** "Archive the newsletters", "label mail from Dana as Acme", "mark it as read", "move it to the trash". */
export function planOrganise(plan: PlanBuilder, intent: Intent): void {
  const wish = wishIn(intent.text);
  if (wish === undefined) {
    plan.ask('organise', 'What should become of which mail?');
    return;
  }
  let mail = /^(?:it|them|this|these|those|that)?$/i.test(wish.about) ? plan.mailStep : undefined;
  if (mail === undefined) {
    // One newsletter, many newsletters: words are found whole.
    const about = wish.about.replace(/\b(newsletter|invoice|receipt|notification)s\b/gi, '$1');
    const query = mailQuery(plan, about);
    if (query === undefined) return;
    const inbox = wish.tool === 'labelMail' ? query : `in:inbox ${query}`;
    mail = plan.add(
      'searchMail',
      'mail',
      { query: inbox, limit: 50 },
      `Search your mail: ${inbox}.`,
    );
    plan.mailStep = mail;
  }
  const input = { messageIds: outputOf(mail, 'messageIds'), ...wish.input };
  plan.add(wish.tool, 'organise', input, 'Put the mail in order.');
}

/** "Learn my tone". */
export function planTone(plan: PlanBuilder): void {
  plan.add('learnTone', 'tone', {}, 'Learn how you write from mail you sent.');
}

function wishIn(text: string): Wish | undefined {
  const label = /^(?:label|tag)\s+(.+?)\s+(?:as|with)\s+["“]?(.+?)["”]?$/i.exec(text);
  if (label !== null) {
    const [, about = '', name = ''] = label;
    return { tool: 'labelMail', input: { add: [name] }, about };
  }
  const mark = /^mark\s+(.+?)\s+(?:as\s+)?(read|unread)$/i.exec(text);
  if (mark !== null) {
    const [, about = '', as = ''] = mark;
    return { tool: 'markMail', input: { as: as.toLowerCase() }, about };
  }
  const move =
    /^(?:move|put)\s+(.+?)\s+(?:in)?to\s+(?:the |my )?(trash|bin|spam|junk|archive|inbox)$/i.exec(
      text,
    );
  if (move !== null) {
    const [, about = '', place = ''] = move;
    const folders: Readonly<Record<string, string>> = { bin: 'trash', junk: 'spam' };
    const to = folders[place.toLowerCase()] ?? place.toLowerCase();
    return { tool: 'moveMail', input: { to }, about };
  }
  const archive = /^archive\s+(.+)$/i.exec(text);
  return archive === null ? undefined : { tool: 'archiveMail', input: {}, about: archive[1] ?? '' };
}
