/**
 * What `npm run bench` runs: prints one Markdown table. Fails when an exact count is broken; times are
 * only printed. `--full` takes more samples; names such as `P1 P9` run only those; `--goals N` says how
 * many wait in P7.
 */
import { cpus } from 'node:os';
import { readFileSync } from 'node:fs';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { measureApproval } from './approval-latency.ts';
import { startBenchStack } from './bench-stack.ts';
import { measureColdStart } from './cold-start.ts';
import { measureCrashTax } from './crash-tax.ts';
import { measureEngine } from './engine.ts';
import { measureEvents } from './events.ts';
import { measureMailbox } from './mailbox.ts';
import { type Effort, markdownTable, type Row } from './measurement.ts';
import { measureHistory, measureLargeResults } from './history-size.ts';
import { measureRecords } from './record-keeping.ts';
import { measureRecurrence } from './recurrence.ts';
import { type Servers, startServers } from './servers.ts';
import { measureSlotSearch } from './slot-search.ts';
import { measureThroughput } from './throughput.ts';
import { defaultWaiting, leastWaiting, measureWaiting } from './waiting-goals.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const words = process.argv.slice(2);
const effort: Effort = words.includes('--full') ? 'full' : 'default';
const waiting = goalsOption();
const only = words.filter((word) => /^(P\d+|crash-tax|recurrence|mailbox)$/.test(word));
const rows: Row[] = [];
const startedAt = Date.now();
const progress = (line: string) =>
  process.stderr.write(`${((Date.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);

/** Runs one metric; one that cannot be measured breaks the run, not the others. */
async function measure(id: string, work: () => Promise<Row[]>): Promise<void> {
  if (only.length > 0 && !only.includes(id)) return;
  progress(id);
  try {
    rows.push(...(await work()));
  } catch (error) {
    const measured = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
    rows.push({ id, what: 'could not be measured', measured, goal: '', holds: false });
  }
}

async function main(): Promise<void> {
  await measure('P10', () => measureSlotSearch(effort));
  await measure('recurrence', () => measureRecurrence(effort));
  if (only.length > 0 && only.every((id) => ['P10', 'recurrence'].includes(id))) return;
  await using servers = await startServers(progress);
  await measureOnEngine(servers);
  await measure('mailbox', () => measureMailbox(servers.pool));
  await measure('P7', () => measureWaiting(servers, effort, waiting, progress));
  await measure('P9', () => measureColdStart(servers, effort));
  await measure('crash-tax', () => measureCrashTax(effort));
}

/** What shares one tuned server and one set of workers. */
async function measureOnEngine(servers: Servers): Promise<void> {
  if (
    only.length > 0 &&
    !only.some((id) => ['P1', 'P2', 'P3', 'P4', 'P5', 'P8', 'P12'].includes(id))
  )
    return;
  const engine = await servers.startEngine('tuned');
  try {
    await using stack = await startBenchStack(servers, engine.address);
    await measure('P1', () => measureThroughput(stack, effort));
    await measure('P2', () => measureEvents(stack, servers.pool));
    await measure('P3', () => measureHistory(stack, effort));
    await measure('P4', () => measureLargeResults(stack));
    await measure('P5', () => measureApproval(stack, servers.pool, effort));
    await measure('P8', () => measureEngine(servers, stack, effort));
    await measure('P12', () => measureRecords(servers, stack, engine.address, effort));
  } finally {
    await engine.stop();
  }
}

/** `--goals N`: how many wait in each arm of P7. */
function goalsOption(): number {
  const at = words.indexOf('--goals');
  if (at === -1) return defaultWaiting;
  const goals = Number(words[at + 1]);
  if (Number.isInteger(goals) && goals >= leastWaiting) return goals;
  throw new Error(`--goals: name a whole number of at least ${leastWaiting}`);
}

function machineLine(): string {
  const versionOf = (name: string) =>
    (
      JSON.parse(
        readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
      ) as {
        version: string;
      }
    ).version;
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return (
    `${processors.length} × ${model}, Node ${process.versions.node}, ` +
    `@temporalio ${versionOf('@temporalio/worker')}, fastify ${versionOf('fastify')}, ` +
    `${effort} run of ${Math.round((Date.now() - startedAt) / 1_000)} s`
  );
}

await main();
process.stdout.write(`${machineLine()}\n\n${markdownTable(rows)}\n`);
const broken = rows.filter(({ holds }) => holds === false).length;
if (broken > 0) process.stderr.write(`${broken} counts are broken\n`);
process.exit(broken > 0 ? 1 : 0);
