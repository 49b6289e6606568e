/** Commands on approvals beyond yes and no: handing on, stopping, many at once, standing rules. */
import { randomUUID } from 'node:crypto';
import type { ShownApproval } from './api-client.ts';
import { type CommandContext, confirm, send, showPending } from './commands.ts';
import { CliError } from './find-api.ts';
import { escapeText } from './render.ts';

const pathOf = (approvalId: string) => `/v1/approvals/${encodeURIComponent(approvalId)}`;

/** `delegate`: hands an approval on to a member, or back to the owner. */
export async function delegateCommand(
  context: CommandContext,
  approvalId: string,
  to: string,
  options: { comment?: string | undefined },
): Promise<number> {
  const approval = await showPending(context, approvalId);
  return send(context, approval, { verdict: 'delegate', to, comment: options.comment });
}

/** `stop`: stops an approved mail before it leaves. */
export async function stopCommand(context: CommandContext, approvalId: string): Promise<number> {
  const { message } = await context.api.call<{ message: string }>(
    'POST',
    `${pathOf(approvalId)}/stop`,
    { body: {} },
  );
  context.print(context.paint.green(escapeText(message)));
  return 0;
}

type BatchResult = {
  readonly approvalId: string;
  readonly outcome: 'applied' | 'pending' | 'refused';
  readonly message: string;
};

/** `decide`: shows every card, asks once, and sends each decision with the digest of its card. */
export async function decideManyCommand(
  context: CommandContext,
  options: { approve?: readonly string[]; reject?: readonly string[]; yes?: boolean },
): Promise<number> {
  const wanted = [
    ...(options.approve ?? []).map((id) => ({ id, verdict: 'approve' as const })),
    ...(options.reject ?? []).map((id) => ({ id, verdict: 'reject' as const })),
  ];
  if (wanted.length === 0) throw new CliError('Name approvals with --approve or --reject.');
  const shown: { approval: ShownApproval; verdict: 'approve' | 'reject' }[] = [];
  for (const { id, verdict } of wanted) {
    shown.push({ approval: await showPending(context, id), verdict });
    context.print(context.paint.bold(`  -> ${verdict}`));
    context.print('');
  }
  await confirm(context, `Send these ${shown.length} decisions? [y/N] `, options.yes);
  const decisions = shown.map(({ approval: { approvalId, digest }, verdict }) => ({
    approvalId,
    digest,
    verdict,
    decisionId: randomUUID(),
  }));
  const { results } = await context.api.call<{ results: BatchResult[] }>(
    'POST',
    '/v1/approvals/decisions',
    { body: { decisions } },
  );
  for (const { approvalId, outcome, message } of results) {
    const paint = outcome === 'applied' ? context.paint.green : context.paint.red;
    context.print(`${approvalId}  ${paint(outcome)}  ${escapeText(message)}`);
  }
  if (results.some(({ outcome }) => outcome === 'refused')) return 1;
  return results.some(({ outcome }) => outcome === 'pending') ? 2 : 0;
}

type ShownRule = {
  readonly id: string;
  readonly tool: string;
  readonly target: { readonly recipients: readonly string[]; readonly eventId: string | null };
  readonly dailyCap: number;
  readonly expiresAt: string;
  readonly state: string;
  readonly uses: number;
  readonly usesToday: number;
};

function renderRule(context: CommandContext, rule: ShownRule): string {
  const { id, tool, target, state, uses, usesToday, dailyCap, expiresAt } = rule;
  const to = target.recipients.length === 0 ? 'nobody else' : target.recipients.join(', ');
  const event = target.eventId === null ? '' : ` of event ${target.eventId}`;
  const paint = state === 'live' ? context.paint.green : context.paint.dim;
  const used = `used ${uses} times, ${usesToday} of ${dailyCap} today`;
  return `${id}  ${paint(state)}  ${tool}${escapeText(event)} to ${escapeText(to)}; ${used}; until ${expiresAt}`;
}

/** `rules`: what is done without asking, and how often it was. */
export async function rulesCommand(context: CommandContext): Promise<number> {
  const { rules } = await context.api.call<{ rules: ShownRule[] }>('GET', '/v1/rules');
  if (rules.length === 0) context.print('No standing rules: everything is asked.');
  for (const rule of rules) context.print(renderRule(context, rule));
  return 0;
}

/** `rules add`: lets what an approval shows be done again without asking. */
export async function addRuleCommand(
  context: CommandContext,
  approvalId: string,
  options: { days: string; cap: string; yes?: boolean },
): Promise<number> {
  const approval = await context.api.approval(approvalId);
  context.print(escapeText(approval.card.title));
  const { days, cap } = options;
  const question = `Do the like to the same people without asking, ${cap} times a day for ${days} days? [y/N] `;
  await confirm(context, question, options.yes);
  const body = { approvalId, expiresInDays: Number(days), dailyCap: Number(cap) };
  const rule = await context.api.call<ShownRule>('POST', '/v1/rules', { body, once: true });
  context.print(renderRule(context, rule));
  return 0;
}

/** `rules revoke`: ends a rule at once. */
export async function revokeRuleCommand(context: CommandContext, id: string): Promise<number> {
  const path = `/v1/rules/${encodeURIComponent(id)}`;
  context.print(renderRule(context, await context.api.call<ShownRule>('DELETE', path)));
  return 0;
}
