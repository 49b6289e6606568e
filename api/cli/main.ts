/** The command line tool: parses arguments, runs one command, and prints errors as one line. */
import { createInterface } from 'node:readline/promises';
import { Command, CommanderError } from 'commander';
import { ConfigError, childEnvironment, loadConfig } from '#infra/config.ts';
import { createApiClient } from './api-client.ts';
import {
  answerCommand,
  approvalsCommand,
  cancelCommand,
  type CommandContext,
  decideCommand,
  editCommand,
  startCommand,
  statusCommand,
  watchCommand,
} from './commands.ts';
import { exportCommand, fetchAudit, notChecked, readBundle, verifyCommand } from './audit.ts';
import { connectAccount } from './connect.ts';
import { describeControl } from './control-program.ts';
import { CliError, findApi } from './find-api.ts';
import { attachFiles } from './mail-commands.ts';
import { describeMail } from './mail-program.ts';
import { createPaint, escapeText } from './render.ts';

/** The world as the tool sees it. */
export type CliIo = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly colours: boolean;
  readonly ask: ((question: string) => Promise<string>) | null;
};

type ConnectFlags = { port?: string; label?: string; default?: boolean };

/** Runs one command line and returns the exit code: 0 done, 1 error, 2 not confirmed, 3 goal not completed. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0;
  const program = describe(io, (work) => async (context) => {
    exitCode = await work(context);
  });
  program
    .command('connect <provider>')
    .description('connect one of your accounts: google or microsoft')
    .option('--label <name>', 'what you call it, such as work or private')
    .option('--default', 'new events and mails go there unless a goal says otherwise')
    .option('--port <port>', 'where the consent page comes back to, 8085 unless told')
    .action(async (provider: string, options: ConnectFlags) => {
      const { stateDir, postgres } = loadConfig(io.env);
      exitCode = await connectAccount(provider, {
        ...options,
        stateDir,
        databaseUrl: postgres.url,
      });
    });
  addAuditCommands(program, io, (code) => (exitCode = code));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof CliError || error instanceof ConfigError) {
      io.error(`${escapeText(error.message)}\n`);
      return error instanceof CliError ? error.exitCode : 1;
    }
    throw error;
  }
}

type StartOptions = { wait?: boolean; watch?: boolean; shadow?: boolean; attach?: string[] };
type Work = (context: CommandContext) => Promise<number>;

function describe(
  io: CliIo,
  run: (work: Work) => (context: CommandContext) => Promise<void>,
): Command {
  const act = async (work: Work) => run(work)(await contextOf(io));
  const program = new Command('adjutant')
    .description('A durable executive assistant: give it goals, decide what it may do.')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.error });
  program
    .command('goal <text>')
    .description('start a goal')
    .option('--wait', 'wait up to a minute, until it has ended or needs you')
    .option('--watch', 'follow it to its end')
    .option('--shadow', 'rehearse: nothing is sent or changed')
    .option('--attach <file...>', 'files that a mail of this goal may carry')
    .action((text: string, options: StartOptions) =>
      act(async (context) => {
        const { attach, ...rest } = options;
        if (attach === undefined) return startCommand(context, text, rest);
        return startCommand(context, text, {
          ...rest,
          context: await attachFiles(context, attach),
        });
      }),
    );
  program
    .command('watch <goalId>')
    .description('follow a goal to its end')
    .action((id: string) => act((context) => watchCommand(context, id)));
  program
    .command('status [goalId]')
    .description('how a goal stands, or the latest goals')
    .action((id: string | undefined) => act((context) => statusCommand(context, id)));
  program
    .command('approvals')
    .description('everything that waits for your decision')
    .action(() => act(approvalsCommand));
  for (const verdict of ['approve', 'reject'] as const) {
    program
      .command(`${verdict} <approvalId>`)
      .description(`${verdict} exactly what the card shows`)
      .option('--comment <text>', 'why')
      .option('--yes', 'do not ask')
      .action((id: string, options: { comment?: string; yes?: boolean }) =>
        act((context) => decideCommand(context, id, { ...options, verdict })),
      );
  }
  program
    .command('edit <approvalId>')
    .description('approve with changes')
    .requiredOption(
      '--set <path=value...>',
      'such as title="Weekly sync" or guests[1]=bob@example.com',
    )
    .option('--comment <text>', 'why')
    .option('--yes', 'do not ask')
    .action((id: string, options: { set: string[]; comment?: string; yes?: boolean }) =>
      act((context) => editCommand(context, id, options)),
    );
  program
    .command('answer <goalId> <text...>')
    .description('answer the questions of a goal')
    .action((id: string, texts: string[]) => act((context) => answerCommand(context, id, texts)));
  program
    .command('cancel <goalId>')
    .description('stop a goal')
    .action((id: string) => act((context) => cancelCommand(context, id)));
  describeMail(program, act);
  describeControl(program, act);
  return program;
}

function addAuditCommands(program: Command, io: CliIo, exit: (code: number) => void): void {
  const audit = program.command('audit').description('what was done in your name, as a hash chain');
  audit
    .command('export')
    .description('print all entries and their anchors as JSON lines')
    .action(async () => {
      const { api, print } = await contextOf(io);
      exit(await exportCommand(api, print));
    });
  audit
    .command('verify [file]')
    .description('verify an export; without one, fetch everything and verify that')
    .action(async (file: string | undefined) => {
      const reading = file === undefined ? fetchFrom(io) : readBundle(file);
      const found = await reading.catch((error: unknown) => {
        throw error instanceof CliError ? new CliError(error.message, notChecked) : error;
      });
      exit(verifyCommand(found, (line) => io.out(`${escapeText(line)}\n`)));
    });
}

const fetchFrom = async (io: CliIo) => fetchAudit((await contextOf(io)).api);

async function contextOf(io: CliIo): Promise<CommandContext> {
  const { stateDir, api } = loadConfig(io.env);
  const address = await findApi({
    stateDir,
    tokenFile: api.tokenFile,
    url: io.env['ADJUTANT_API_URL'],
    token: api.token,
  });
  return {
    api: createApiClient(address),
    paint: createPaint(io.colours),
    print: (line) => io.out(`${line}\n`),
    ask: io.ask,
  };
}

/** Runs the command line of this process. */
export async function runFromProcess(): Promise<void> {
  const { stdin, stdout, stderr } = process;
  const env = childEnvironment({});
  const ask = async (question: string) => {
    const lines = createInterface({ input: stdin, output: stdout });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  };
  process.exitCode = await runCli(process.argv.slice(2), {
    env,
    out: (text) => void stdout.write(text),
    error: (text) => void stderr.write(text),
    colours: stdout.isTTY && env['NO_COLOR'] === undefined,
    ask: stdin.isTTY ? ask : null,
  });
}
