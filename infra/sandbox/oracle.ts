/**
 * The oracle: what really happened, told to tests on a port of its own that the product never
 * learns. It reads the office and sets faults and knobs; it changes no mail and no event.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import { registerBodyParsers } from './bodies.ts';
import { faultSchema, type FaultTable } from './faults.ts';
import { forgetHistory } from './mail/mailbox.ts';
import { knobsSchema } from './office/knobs.ts';
import type { Office } from './office/office.ts';

/** One request the sandbox saw; status 0 means it was never answered. */
export interface SeenRequest {
  at: string;
  method: string;
  path: string;
  account: string | null;
  status: number;
}

/** The latest requests, up to a bound. */
export class RequestLog {
  readonly #seen: SeenRequest[] = [];
  static readonly maxEntries = 5_000;

  /** Adds one request and forgets the oldest beyond the bound. */
  add(request: SeenRequest): void {
    this.#seen.push(request);
    if (this.#seen.length > RequestLog.maxEntries) this.#seen.shift();
  }

  /** Oldest first. */
  list(): readonly SeenRequest[] {
    return this.#seen;
  }
}

/** What the model has given out: the provider's side of what goals settle. */
export class ModelMeter {
  calls = 0;
  inputTokens = 0;
  outputTokens = 0;

  /** Counts one answer, whether or not it arrives. */
  add(inputTokens: number, outputTokens: number): void {
    this.calls += 1;
    this.inputTokens += inputTokens;
    this.outputTokens += outputTokens;
  }
}

/** Builds the oracle's server; the caller listens and closes. */
export function buildOracle(
  office: Office,
  faults: FaultTable,
  log: RequestLog,
  meter: ModelMeter,
): FastifyInstance {
  const app = Fastify({ logger: false });
  registerBodyParsers(app);
  app.get('/__oracle/effects', () => office.state.effects);
  app.get('/__oracle/office', () =>
    office.people.map(({ name, email, vendor, zone, workingHours, main }) => ({
      name,
      email,
      vendor,
      zone,
      workingHours,
      accounts: office.accounts
        .filter((account) => account.email === email || account.accountOf === email)
        .map((account) => ({ email: account.email, vendor: account.vendor })),
      ...(main ? { main } : {}),
    })),
  );
  app.get('/__oracle/state', () => {
    const { anchor, calendars, mailboxes, notifications, outsideMail } = office.state;
    return { anchor, calendars, mailboxes, notifications, outsideMail };
  });
  app.get('/__oracle/requests', () => log.list());
  app.get('/__oracle/model', () => meter);
  app.post('/__knobs', (request, reply) => {
    const parsed = knobsSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: parsed.error.issues });
    Object.assign(office.knobs, parsed.data);
    return office.knobs;
  });
  app.delete('/__cursors', (_request, reply) => {
    forgetHistory(office);
    return reply.code(204).send();
  });
  app.get('/__faults', () => faults.list());
  app.post('/__faults', (request, reply) => {
    const parsed = faultSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: parsed.error.issues });
    try {
      return faults.add(parsed.data);
    } catch (error) {
      return reply.code(400).send({ error: String(error) });
    }
  });
  app.delete('/__faults', (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });
  return app;
}
