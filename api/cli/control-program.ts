/** The command line of control, approvals beyond yes and no, accounts, members and rules. */
import type { Command } from 'commander';
import { accountsCommand, disconnectCommand } from './account-commands.ts';
import {
  addRuleCommand,
  decideManyCommand,
  delegateCommand,
  revokeRuleCommand,
  rulesCommand,
  stopCommand,
} from './approval-commands.ts';
import type { CommandContext } from './commands.ts';
import {
  getPlanCommand,
  pauseCommand,
  putPlanCommand,
  steerCommand,
  undoCommand,
} from './control-commands.ts';
import {
  addMemberCommand,
  memberTokenCommand,
  membersCommand,
  removeMemberCommand,
} from './member-commands.ts';
import { usageCommand } from './usage-command.ts';

/** Runs one command with its context. */
export type Act = (work: (context: CommandContext) => Promise<number>) => Promise<void>;

/** Adds the commands to the program. */
export function describeControl(program: Command, act: Act): void {
  describeGoals(program, act);
  describeApprovals(program, act);
  describeMembers(program, act);
  describeAccounts(program, act);
  describeRules(program, act);
}

function describeAccounts(program: Command, act: Act): void {
  program
    .command('accounts')
    .description('your connected accounts')
    .action(() => act(accountsCommand));
  program
    .command('disconnect <address>')
    .description('forget an account and its tokens')
    .action((email: string) => act((context) => disconnectCommand(context, email)));
}

function describeGoals(program: Command, act: Act): void {
  program
    .command('usage')
    .description('what your goals have used up today, and what they may')
    .action(() => act(usageCommand));
  for (const [verb, what] of [
    ['pause', 'let nothing new of a goal start'],
    ['resume', 'go on after a pause'],
  ] as const) {
    program
      .command(`${verb} <goalId>`)
      .description(what)
      .action((id: string) => act((context) => pauseCommand(context, id, verb)));
  }
  program
    .command('steer <goalId> <text...>')
    .description('give a goal a further instruction')
    .action((id: string, text: string[]) =>
      act((context) => steerCommand(context, id, text.join(' '))),
    );
  const plan = program.command('plan').description('read or replace the plan of a running goal');
  plan
    .command('get <goalId> [file]')
    .description('the plan, in the form in which it can be put back')
    .action((id: string, file: string | undefined) =>
      act((context) => getPlanCommand(context, id, file)),
    );
  plan
    .command('put <goalId> <file>')
    .description('replace the plan; steps that have begun stay')
    .action((id: string, file: string) => act((context) => putPlanCommand(context, id, file)));
  program
    .command('undo <goalId> [stepIds...]')
    .description('undo what a finished goal did, all of it or some steps')
    .action((id: string, steps: string[]) => act((context) => undoCommand(context, id, steps)));
}

function describeApprovals(program: Command, act: Act): void {
  program
    .command('delegate <approvalId> <email>')
    .description('hand an approval on to a member')
    .option('--comment <text>', 'why')
    .action((id: string, to: string, options: { comment?: string }) =>
      act((context) => delegateCommand(context, id, to, options)),
    );
  program
    .command('stop <approvalId>')
    .description('stop an approved mail before it leaves')
    .action((id: string) => act((context) => stopCommand(context, id)));
  program
    .command('decide')
    .description('decide several approvals, each by its own card')
    .option('--approve <approvalId...>', 'approve these')
    .option('--reject <approvalId...>', 'reject these')
    .option('--yes', 'do not ask')
    .action((options: { approve?: string[]; reject?: string[]; yes?: boolean }) =>
      act((context) => decideManyCommand(context, options)),
    );
}

function describeMembers(program: Command, act: Act): void {
  const members = program.command('members').description('who may decide besides you');
  members
    .command('list', { isDefault: true })
    .description('who they are')
    .action(() => act(membersCommand));
  members
    .command('add <email>')
    .description('add a member, or replace their name and roles')
    .option('--name <name>', 'how they are called')
    .option('--role <role...>', 'such as second, who may give the second approval')
    .action((email: string, options: { name?: string; role?: string[] }) =>
      act((context) => addMemberCommand(context, email, options)),
    );
  members
    .command('remove <email>')
    .description('remove a member')
    .action((email: string) => act((context) => removeMemberCommand(context, email)));
  members
    .command('token <email>')
    .description('make a token for a member; it is shown once')
    .action((email: string) => act((context) => memberTokenCommand(context, email)));
}

function describeRules(program: Command, act: Act): void {
  const rules = program.command('rules').description('what is done without asking');
  rules
    .command('list', { isDefault: true })
    .description('your standing rules and their uses')
    .action(() => act(rulesCommand));
  rules
    .command('add <approvalId>')
    .description('do what this approval shows again without asking')
    .option('--days <n>', 'for so many days', '7')
    .option('--cap <n>', 'so many times a day', '1')
    .option('--yes', 'do not ask')
    .action((id: string, options: { days: string; cap: string; yes?: boolean }) =>
      act((context) => addRuleCommand(context, id, options)),
    );
  rules
    .command('revoke <ruleId>')
    .description('end a rule at once')
    .action((id: string) => act((context) => revokeRuleCommand(context, id)));
}
