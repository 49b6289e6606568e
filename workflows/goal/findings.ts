/** What steps found out, in words for the report. */
import type { Report } from '#contracts/goal.ts';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import type { ToolName } from '#contracts/tools.ts';
import type { Step } from './goal.ts';

/** Tools whose outputs answer the person by themselves, when no later step worked on them. */
const answers: readonly ToolName[] = [
  'summarize',
  'research',
  'listEvents',
  'searchMail',
  'readThread',
  'findTime',
  'composeEmail',
  'findContact',
  'findEvent',
  'readPage',
  'searchWeb',
  'triageInbox',
];

/** Those that are told although later steps worked on them. */
const lasting: readonly ToolName[] = ['summarize', 'research', 'triageInbox'];

/** What one step found out, for people; empty when a later step has used it up. */
export function findingOf(step: Step, _: number, steps: readonly Step[]): Report['findings'] {
  const { id, tool } = step.plan;
  if (step.output === null || !answers.includes(tool)) return [];
  const used = steps.some(
    (other) => other.status === 'completed' && other.plan.dependsOn.includes(id),
  );
  if (used && !lasting.includes(tool)) return [];
  const text =
    used && tool === 'research' ? sourcesOf(step.output.value) : textOf(tool, step.output.value);
  return text === '' ? [] : [{ stepId: id, text }];
}

/** The sources behind a text that a later step has written. */
function sourcesOf(value: Json): string {
  const citations = isJsonObject(value) ? value['citations'] : undefined;
  if (!Array.isArray(citations)) return '';
  return (citations as readonly Json[])
    .map((citation, i) => {
      const { title, url } = isJsonObject(citation) ? citation : {};
      return `[${i + 1}] ${typeof title === 'string' ? title : ''} ${typeof url === 'string' ? url : ''}`;
    })
    .join('\n');
}

function textOf(tool: ToolName, value: Json): string {
  if (!isJsonObject(value)) return '';
  const list = (key: string): readonly Json[] => {
    const items = value[key];
    return Array.isArray(items) ? (items as readonly Json[]) : [];
  };
  const field = (item: Json | undefined, key: string): string => {
    const found = isJsonObject(item) ? item[key] : undefined;
    return typeof found === 'string' ? found : '';
  };
  switch (tool) {
    case 'summarize':
      return field(value, 'summary');
    case 'research':
      return `${field(value, 'summary')}\n${sourcesOf(value)}`.trim();
    case 'listEvents':
      return list('events').length === 0
        ? 'Nothing on your calendar then.'
        : list('events')
            .map((e) => `${field(e, 'startLocal')}  ${field(e, 'title')}`)
            .join('\n');
    case 'searchMail':
    case 'readThread':
      return list('messages').length === 0
        ? 'No such mail.'
        : list('messages')
            .map((m) => `${field(m, 'date').slice(0, 10)}  ${senderOf(m)}: ${field(m, 'subject')}`)
            .join('\n');
    case 'findTime':
      return list('slots')
        .map((s) => field(s, 'startLocal'))
        .join('\n');
    case 'findEvent':
      return `${field(value['event'], 'startLocal')}  ${field(value['event'], 'title')}`;
    case 'composeEmail':
      return `${field(value, 'subject')}\n\n${field(value, 'body')}`;
    case 'findContact':
      return `${field(value, 'name')} <${field(value, 'email')}>`;
    case 'searchWeb':
      return list('results')
        .map((r) => `${field(r, 'title')} ${field(r, 'url')}`)
        .join('\n');
    case 'triageInbox':
      return triageText(value, list('mails'), list('drafts').length);
    default:
      return field(value, 'excerpt');
  }
}

function triageText(value: JsonObject, mails: readonly Json[], drafts: number): string {
  const counts = isJsonObject(value['counts']) ? value['counts'] : {};
  const classes = Object.entries(counts).map(
    ([name, n]) => `${name.replace('_', ' ')} ${typeof n === 'number' ? n : 0}`,
  );
  const urgent = mails.flatMap((mail) => {
    if (!isJsonObject(mail) || mail['class'] !== 'urgent') return [];
    const { from, summary } = mail;
    return typeof from === 'string' && typeof summary === 'string'
      ? [`Urgent: ${from}: ${summary}`]
      : [];
  });
  return [`${classes.join(', ')}; ${drafts} drafts.`, ...urgent].join('\n');
}

function senderOf(message: Json): string {
  const from = isJsonObject(message) ? message['from'] : undefined;
  if (!isJsonObject(from)) return '';
  const { name, email } = from;
  return typeof name === 'string' ? name : typeof email === 'string' ? email : '';
}
