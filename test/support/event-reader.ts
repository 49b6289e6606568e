/** Reads server-sent events as a browser does, so far as tests need it, over a real connection. */
import { setTimeout as sleep } from 'node:timers/promises';

/** One event as it arrived. */
export type SeenEvent = { readonly id: string; readonly event: string; readonly data: string };

/** A connection that collects events until it is cut. */
export class EventReader {
  readonly events: SeenEvent[] = [];
  comments = 0;
  /** The last id the server named, shown event or not. */
  lastId: string | undefined;
  status = 0;
  readonly headers = new Headers();
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();
  #text = '';

  constructor(url: string, token: string, lastId?: string) {
    this.lastId = lastId;
    const resume = lastId === undefined ? {} : { 'last-event-id': lastId };
    const headers = { authorization: `Bearer ${token}`, ...resume };
    this.ended = this.#run(url, headers);
  }

  /** Closes the connection, as a dropped network does. */
  async cut(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }

  /** Waits until this many events have arrived. */
  async until(count: number, timeoutMs = 10_000): Promise<readonly SeenEvent[]> {
    const deadline = Date.now() + timeoutMs;
    while (this.events.length < count) {
      if (Date.now() > deadline) throw new Error(`${this.events.length} of ${count} events came`);
      await sleep(5);
    }
    return this.events;
  }

  async #run(url: string, headers: Record<string, string>): Promise<void> {
    try {
      const response = await fetch(url, { headers, signal: this.#abort.signal });
      this.status = response.status;
      response.headers.forEach((value, name) => this.headers.set(name, value));
      if (response.status !== 200 || response.body === null) return;
      const decoder = new TextDecoder();
      for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
        this.#take(decoder.decode(bytes, { stream: true }));
      }
    } catch (error) {
      if (!this.#abort.signal.aborted && !(error instanceof TypeError)) throw error;
    }
  }

  /** Only whole events count: what a cut left half is not an event. */
  #take(more: string): void {
    this.#text += more;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const [name = '', value = ''] = line.split(/: ?(.*)/s);
        if (name === '') this.comments += 1;
        else fields.set(name, value);
      }
      const id = fields.get('id');
      if (id !== undefined) this.lastId = id;
      const data = fields.get('data');
      if (data === undefined) continue;
      this.events.push({ id: id ?? '', event: fields.get('event') ?? 'message', data });
    }
  }
}
