/**
 * The readable text of a file that somebody sent. It is read in a thread with limits, and what cannot
 * be read is refused in words: never a crash, never a hang. Nothing in a file is run.
 */
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';

/** Forms that are read, by file name ending; then by type where the name says nothing. */
const formOfEnding: Readonly<Record<string, string>> = {
  pdf: 'pdf',
  docx: 'docx',
  xlsx: 'xlsx',
  ics: 'ics',
  ical: 'ics',
  html: 'html',
  htm: 'html',
  txt: 'text',
  text: 'text',
  csv: 'text',
  tsv: 'text',
  md: 'text',
  markdown: 'text',
  json: 'text',
  xml: 'text',
  log: 'text',
  eml: 'text',
};
const formOfType: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/calendar': 'ics',
  'text/html': 'html',
  'application/json': 'text',
  'application/xml': 'text',
};

const replySchema = z.union([
  z.object({ text: z.string(), truncated: z.boolean() }),
  z.object({ refusal: z.string() }),
]);

/** A file as it came with a mail. */
export type ReceivedFile = {
  readonly name: string;
  readonly mimeType: string;
  readonly content: Buffer;
};

/**
 * Reads a file's text.
 * @throws InvalidInputError for a kind that is not read, and for files that are encrypted, damaged,
 *   not what they say they are, too large, or made to exhaust their reader
 */
export async function attachmentText(
  file: ReceivedFile,
  timeMs: number = limits.attachmentReadMs,
): Promise<{ text: string; truncated: boolean }> {
  const form = formOf(file);
  if (form === undefined) throw refuse(file, whyUnreadable(file));
  if (file.content.length > limits.attachmentReadMaxBytes) throw refuse(file, 'it is too large');
  if (file.content.length === 0) throw refuse(file, 'it is empty');
  const reply = await inThread(file, form, timeMs);
  if ('refusal' in reply) throw refuse(file, reply.refusal);
  return reply;
}

function formOf({ name, mimeType }: ReceivedFile): string | undefined {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const type = mimeType.toLowerCase();
  return (
    formOfEnding[ending] ?? formOfType[type] ?? (type.startsWith('text/') ? 'text' : undefined)
  );
}

function whyUnreadable({ name, mimeType }: ReceivedFile): string {
  return /^winmail\.dat$/i.test(name) || /ms-tnef/i.test(mimeType)
    ? 'it is a container that only Outlook opens; ask the sender to send the files themselves'
    : `files of type ${cleanLine(mimeType, 80)} are not read`;
}

function refuse({ name }: ReceivedFile, why: string): Error {
  return failure('InvalidInputError', `"${cleanLine(name, 120)}" cannot be read: ${why}.`);
}

/** Runs the reader; whatever becomes of its thread becomes an answer. */
function inThread(
  { content }: ReceivedFile,
  form: string,
  timeMs: number,
): Promise<z.infer<typeof replySchema>> {
  const worker = new Worker(new URL('./attachment-worker.mjs', import.meta.url), {
    workerData: {
      bytes: new Uint8Array(content),
      form,
      unpackedMaxBytes: limits.attachmentUnpackedMaxBytes,
      textMaxChars: limits.attachmentTextMaxChars,
    },
    // Not those of this process: the thread needs no loader, and no secrets.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: limits.attachmentReadMemoryMb },
  });
  return new Promise((resolve) => {
    const end = (reply: z.infer<typeof replySchema>): void => {
      clearTimeout(timer);
      resolve(reply);
      void worker.terminate();
    };
    const timer = setTimeout(() => end({ refusal: 'reading it takes too long' }), timeMs);
    worker.on('message', (message: unknown) => {
      const reply = replySchema.safeParse(message);
      end(reply.success ? reply.data : { refusal: 'it is damaged' });
    });
    worker.on('error', (error: Error & { code?: string }) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      end({ refusal: isMemory ? 'reading it takes too much memory' : 'it is damaged' });
    });
    worker.on('exit', () => end({ refusal: 'it is damaged' }));
  });
}
