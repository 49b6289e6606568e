/** The command line of mail: how it sounds and is signed, and what triage said of it. */
import type { Command } from 'commander';
import type { Act } from './control-program.ts';
import {
  forgetToneCommand,
  learnToneCommand,
  signatureCommand,
  toneCommand,
} from './mail-commands.ts';
import { correctCommand, draftsCommand, triageCommand } from './triage-commands.ts';

/** Adds the commands to the program. */
export function describeMail(program: Command, act: Act): void {
  describeStyle(program, act);
  describeTriage(program, act);
}

function describeStyle(program: Command, act: Act): void {
  const tone = program
    .command('tone')
    .description('how you write')
    .action(() => act(toneCommand));
  tone
    .command('learn')
    .description('learn it from a sample of your sent mail')
    .action(() => act(learnToneCommand));
  tone
    .command('forget')
    .description('delete the profile')
    .action(() => act(forgetToneCommand));
  program
    .command('signature <address> [text]')
    .description('what stands below mail from an address; \\n begins a line')
    .action((address: string, text: string | undefined) =>
      act((context) => signatureCommand(context, address, text)),
    );
}

function describeTriage(program: Command, act: Act): void {
  const triage = program
    .command('triage')
    .description('your mail as it was sorted, newest first')
    .option('--class <class>', 'only urgent, needs_reply, fyi, can_wait or spam')
    .action((options: { class?: string }) =>
      act((context) => triageCommand(context, options.class)),
    );
  triage
    .command('correct <account> <messageId> <class>')
    .description('say where it was wrong; the next triage learns from it')
    .action((account: string, id: string, right: string) =>
      act((context) => correctCommand(context, account, id, right)),
    );
  triage
    .command('drafts <sender> <state>')
    .description('on or off for an address, or a domain as @example.com')
    .action((sender: string, state: string) =>
      act((context) => draftsCommand(context, sender, state)),
    );
}
