/**
 * One answer as server-sent events. It holds at most one page of events at a time: the journal is the
 * buffer, and a reader that takes nothing is disconnected and resumes by its last id.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { limits } from '#contracts/limits.ts';

/** What one reading gave. `idle`: nothing more for now. `ended`: nothing more, ever. */
export type Reading = {
  readonly frames: readonly string[];
  readonly next: 'more' | 'idle' | 'ended';
};

/** Where a stream's events come from. */
export type EventSource = {
  /** Reads what follows what was read before. */
  read(): Promise<Reading>;
  /** Calls back when there may be more; returns how to stop that. */
  listen(wake: () => void): () => void;
};

/** What a stream needs besides its events. */
export type StreamOptions = {
  /** Sent first; with the place to resume from where there is one. */
  readonly opening: string;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
  readonly keepAliveMs?: number;
  readonly slowReaderMs?: number;
  readonly onError?: (error: unknown) => void;
};

/** How long a browser waits before it connects again. */
const reconnectMs = 1_000;
const afterErrorMs = 1_000;

/** Writes one event. An empty `data` moves the reader's last id and is shown to nobody. */
export function frame(fields: { id?: string; event?: string; data?: unknown }): string {
  const { id, event, data } = fields;
  const lines = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(event === undefined ? [] : [`event: ${event}`]),
    ...(data === undefined ? [] : [`data: ${JSON.stringify(data)}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}

/** Opens a stream. It ends with its source, with the server, or with its reader. */
export function openEventStream(source: EventSource, options: StreamOptions): Readable {
  const stream = new PassThrough({ highWaterMark: 16 * 1024 });
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  const stop = AbortSignal.any([gone.signal, options.closing]);
  pump(framesOf(source, options, stop), stream, { ...options, stop }).catch(() => stream.destroy());
  return stream;
}

/** Writes frames as fast as the reader takes them. @throws AbortError when it takes none for too long */
async function pump(
  frames: AsyncIterable<string>,
  stream: PassThrough,
  { stop, slowReaderMs = limits.slowReaderMs }: StreamOptions & { readonly stop: AbortSignal },
): Promise<void> {
  for await (const text of frames) {
    if (stream.write(text)) continue;
    const signal = AbortSignal.any([stop, AbortSignal.timeout(slowReaderMs)]);
    await once(stream, 'drain', { signal });
  }
  stream.end();
}

async function* framesOf(
  source: EventSource,
  options: StreamOptions,
  stop: AbortSignal,
): AsyncGenerator<string> {
  const keepAliveMs = options.keepAliveMs ?? limits.eventKeepAliveMs;
  const bell = createBell(stop);
  const silence = source.listen(bell.ring);
  try {
    yield `retry: ${reconnectMs}\n${options.opening}\n`;
    while (!stop.aborted) {
      const reading = await source.read().catch((error: unknown) => options.onError?.(error));
      if (reading === undefined) {
        // An answer that fails halfway would end a browser's stream for good; the outage is waited out.
        await bell.wait(afterErrorMs);
        yield ': waiting\n\n';
        continue;
      }
      yield* reading.frames;
      if (reading.next === 'ended') return;
      if (reading.next === 'more') continue;
      if (!(await bell.wait(keepAliveMs))) yield ': keep-alive\n\n';
    }
  } finally {
    silence();
  }
}

/** Remembers a ring that came while nobody waited. */
function createBell(stop: AbortSignal) {
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };
  stop.addEventListener('abort', ring);
  return {
    ring,
    /** Waits for a ring; false when none came in time. */
    async wait(ms: number): Promise<boolean> {
      let timer: NodeJS.Timeout | undefined;
      if (!rung && !stop.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, ms);
        });
      }
      clearTimeout(timer);
      const came = rung;
      rung = false;
      return came;
    },
  };
}
