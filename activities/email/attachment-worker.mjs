/**
 * Runs in a thread of its own: turns the bytes of one file into text. The thread has limits of time
 * and memory, so that a file made to exhaust them ends the thread and nothing else. Plain JavaScript,
 * so that the thread needs no loader.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';

/** A file that is not read, in words for people. */
class Refusal extends Error {}

const { bytes, form, unpackedMaxBytes, textMaxChars } = workerData;
const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const readers = {
  pdf: readPdf,
  docx: readDocx,
  xlsx: readXlsx,
  ics: readIcs,
  html: readHtml,
  text: async () => decode(),
};

try {
  const text = (await readers[form]()).replaceAll('\u0000', '').toWellFormed();
  parentPort.postMessage({
    text: text.slice(0, textMaxChars).toWellFormed(),
    truncated: text.length > textMaxChars,
  });
} catch (error) {
  const said = error instanceof Refusal ? error.message : `it is damaged or no ${form} file`;
  parentPort.postMessage({ refusal: said });
}

async function readPdf() {
  if (!data.subarray(0, 1_024).includes('%PDF-')) throw new Refusal('it is no pdf file');
  // pdf.js calls it, and Node has it from version 22 on.
  Promise.try ??= (work, ...given) => new Promise((resolve) => resolve(work(...given)));
  const { getDocumentProxy } = await import('unpdf');
  let pdf;
  try {
    pdf = await getDocumentProxy(new Uint8Array(data), { isEvalSupported: false });
  } catch (error) {
    if (error?.name === 'PasswordException') throw new Refusal('it needs a password');
    throw error;
  }
  let text = '';
  for (let number = 1; number <= pdf.numPages && text.length <= textMaxChars; number += 1) {
    const content = await (await pdf.getPage(number)).getTextContent();
    const page = content.items
      .map((item) => `${item.str ?? ''}${item.hasEOL ? '\n' : ''}`)
      .join('');
    text += `${text === '' ? '' : '\n\n'}${page}`;
  }
  return text;
}

async function readDocx() {
  checkZip();
  const { default: mammoth } = await import('mammoth');
  return (await mammoth.extractRawText({ buffer: data })).value;
}

async function readXlsx() {
  checkZip();
  const { default: readExcelFile } = await import('read-excel-file/node');
  const sheets = await readExcelFile(data);
  return sheets
    .map(({ sheet, data: rows }) => {
      const lines = rows.map((row) =>
        row
          .map((cell) => cellText(cell))
          .join('\t')
          .trimEnd(),
      );
      return [`# ${sheet}`, ...lines].join('\n');
    })
    .join('\n\n');
}

function cellText(cell) {
  if (cell === null || cell === undefined) return '';
  if (cell instanceof Date) return cell.toISOString().replace(/T00:00:00\.000Z$/, '');
  return String(cell).replace(/[\t\n]+/g, ' ');
}

async function readIcs() {
  const { default: ical } = await import('ical.js');
  const root = new ical.Component(ical.parse(decode()));
  const found = root.name === 'vcalendar' ? root.getAllSubcomponents() : [root];
  const lines = [];
  const method = root.getFirstPropertyValue('method');
  if (method) lines.push(`Method: ${String(method)}`);
  for (const component of found.filter(({ name }) =>
    ['vevent', 'vtodo', 'vjournal'].includes(name),
  )) {
    lines.push('');
    for (const property of component.getAllProperties().slice(0, 500)) {
      const zone = property.getParameter('tzid');
      const values = property.getValues().map(String).join(', ');
      lines.push(`${property.name}${zone ? ` (${String(zone)})` : ''}: ${values}`);
      if (lines.length > 20_000) return lines.join('\n');
    }
  }
  if (lines.length === 0) throw new Refusal('it holds no events');
  return lines.join('\n').trim();
}

async function readHtml() {
  const { convert } = await import('html-to-text');
  return convert(decode(), { wordwrap: false, limits: { maxInputLength: 2_000_000 } });
}

/** Text in the encoding it is in. */
function decode() {
  if (data[0] === 0xff && data[1] === 0xfe) return new TextDecoder('utf-16le').decode(data);
  if (data[0] === 0xfe && data[1] === 0xff) return new TextDecoder('utf-16be').decode(data);
  if (data.includes(0)) throw new Refusal('it is no text');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return new TextDecoder('windows-1252').decode(data);
  }
}

/**
 * Unpacks every entry of a zip within the limit before a library does: the sizes it declares may lie.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT section 4.3
 */
function checkZip() {
  if (data.subarray(0, 4).toString('latin1') !== 'PK\u0003\u0004') {
    // Older Office files, and those with a password, are another kind of container.
    const isOle = data.readUInt32BE(0) === 0xd0cf11e0;
    throw new Refusal(isOle ? 'it is encrypted or in an old format' : `it is no ${form} file`);
  }
  const end = data.lastIndexOf('PK\u0005\u0006');
  if (end === -1) throw new Refusal('it is cut short');
  const count = data.readUInt16LE(end + 10);
  const size = data.readUInt32LE(end + 12);
  let at = data.readUInt32LE(end + 16);
  // Libraries find the list of entries in more ways than one. Only a list that every way finds is read.
  const isPlain = data.readUInt32LE(end + 4) === 0 && data.readUInt16LE(end + 8) === count;
  if (!isPlain || at + size !== end) throw new Refusal('it is packed in a way that is not read');
  let left = unpackedMaxBytes;
  let entries = 0;
  for (; at < end; entries += 1) {
    if (data.readUInt32LE(at) !== 0x02014b50) throw new Refusal('it is damaged');
    if ((data.readUInt16LE(at + 8) & 1) === 1) throw new Refusal('it needs a password');
    left -= unpackedSize(at, left);
    if (left < 0) throw new Refusal('it unpacks to more than is read');
    at += 46 + data.readUInt16LE(at + 28) + data.readUInt16LE(at + 30) + data.readUInt16LE(at + 32);
  }
  if (entries !== count) throw new Refusal('it is damaged');
}

function unpackedSize(at, left) {
  const method = data.readUInt16LE(at + 10);
  const packed = data.readUInt32LE(at + 20);
  if (method === 0) return Math.max(packed, data.readUInt32LE(at + 24));
  if (method !== 8) throw new Refusal('it is packed in a way that is not read');
  const local = data.readUInt32LE(at + 42);
  const start = local + 30 + data.readUInt16LE(local + 26) + data.readUInt16LE(local + 28);
  try {
    const packedBytes = data.subarray(start, start + packed);
    return inflateRawSync(packedBytes, { maxOutputLength: Math.max(left, 1) }).length;
  } catch (error) {
    if (error?.code === 'ERR_BUFFER_TOO_LARGE') return left + 1;
    throw error;
  }
}
