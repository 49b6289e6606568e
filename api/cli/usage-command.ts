/** The command that shows what a day has used up. */
import type { DayUsage } from '../usage/usage-store.ts';
import type { CommandContext } from './commands.ts';

/** `usage`: what all goals have used up today, and what they may. */
export async function usageCommand({ api, print }: CommandContext): Promise<number> {
  const usage = await api.call<DayUsage>('GET', '/v1/usage');
  const { day, zone, modelCalls, modelTokens, costMicroUsd } = usage;
  print(`${day} (${zone})`);
  print(`  model calls   ${modelCalls}`);
  print(`  model tokens  ${spent(modelTokens, String)}`);
  print(`  cost          ${spent(costMicroUsd, dollars)}`);
  return 0;
}

function spent({ used, reserved, limit }: DayUsage['modelTokens'], show: (n: number) => string) {
  const bound = limit === null ? ', no limit' : ` of ${show(limit)}`;
  return `${show(used)}${bound}${reserved === 0 ? '' : `, ${show(reserved)} reserved`}`;
}

function dollars(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(4)}`;
}
