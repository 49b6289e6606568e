/** Commands that control a goal: pause, resume, steer, its plan, undo. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { CommandContext } from './commands.ts';
import { CliError } from './find-api.ts';
import { escapeText } from './render.ts';

const pathOf = (goalId: string) => `/v1/goals/${encodeURIComponent(goalId)}`;
type Taken = { readonly outcome: 'applied' | 'pending'; readonly message: string };

function tell(context: CommandContext, { outcome, message }: Taken): number {
  context.print(escapeText(message));
  return outcome === 'pending' ? 2 : 0;
}

/** `pause` and `resume`. */
export async function pauseCommand(
  context: CommandContext,
  goalId: string,
  verb: 'pause' | 'resume',
): Promise<number> {
  return tell(context, await context.api.call('POST', `${pathOf(goalId)}/${verb}`, { body: {} }));
}

/** `steer`: a further instruction. Sent once: twice would be two instructions. */
export async function steerCommand(
  context: CommandContext,
  goalId: string,
  instruction: string,
): Promise<number> {
  const options = { body: { instruction }, once: true };
  return tell(context, await context.api.call('POST', `${pathOf(goalId)}/steer`, options));
}

const planFileSchema = z.looseObject({ revision: z.int(), plan: z.unknown() });

/** `plan get`: the plan as a file that can be changed and put back. */
export async function getPlanCommand(
  context: CommandContext,
  goalId: string,
  file: string | undefined,
): Promise<number> {
  const answer = await context.api.call<{ revision: number }>('GET', `${pathOf(goalId)}/plan`);
  const text = JSON.stringify(answer, null, 2);
  if (file === undefined) {
    context.print(escapeText(text, true));
    return 0;
  }
  await writeFile(file, `${text}\n`);
  context.print(`Plan ${answer.revision} is in ${file}. Change its steps, then:`);
  context.print(`  npx adjutant plan put ${goalId} ${file}`);
  return 0;
}

/** `plan put`: puts a changed plan back; refused when the plan has changed since it was read. */
export async function putPlanCommand(
  context: CommandContext,
  goalId: string,
  file: string,
): Promise<number> {
  const parsed = planFileSchema.safeParse(await readJson(file));
  if (!parsed.success) {
    throw new CliError(
      `${file} is not a plan. Make one with: npx adjutant plan get ${goalId} ${file}`,
    );
  }
  const { revision: expectedRevision, plan } = parsed.data;
  const options = { body: { expectedRevision, plan }, once: true };
  return tell(context, await context.api.call('PUT', `${pathOf(goalId)}/plan`, options));
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`${file} cannot be read: ${why}`);
  }
}

/** `undo`: undoes a finished goal, all of it or some steps. */
export async function undoCommand(
  context: CommandContext,
  goalId: string,
  stepIds: readonly string[],
): Promise<number> {
  const { id } = await context.api.call<{ id: string }>('POST', `${pathOf(goalId)}/undo`, {
    body: stepIds.length === 0 ? {} : { stepIds },
    headers: { 'idempotency-key': randomUUID() },
  });
  context.print(`Undoing, as goal ${id}`);
  context.print(`  npx adjutant watch ${id}`);
  return 0;
}
