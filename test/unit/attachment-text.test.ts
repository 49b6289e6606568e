/** Files that came with a mail: read as text, or refused in words; never a crash, never a hang. */
import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { attachmentText } from '#activities/email/attachment-text.ts';

const read = (name: string, content: string | Uint8Array, mimeType = 'application/octet-stream') =>
  attachmentText({ name, mimeType, content: Buffer.from(content as Uint8Array) });
const zip = (files: Record<string, string | Uint8Array>) =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, data]) => [
        name,
        typeof data === 'string' ? strToU8(data) : data,
      ]),
    ),
  );
const types = (parts: string) =>
  `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${parts}</Types>`;
const rels = (target: string) =>
  `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${target}"/></Relationships>`;

const docx = (text: string) =>
  zip({
    '[Content_Types].xml': types(
      '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>',
    ),
    '_rels/.rels': rels('word/document.xml'),
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:body></w:document>`,
  });
const xlsx = () =>
  zip({
    '[Content_Types].xml': types(
      '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>',
    ),
    '_rels/.rels': rels('xl/workbook.xml'),
    'xl/_rels/workbook.xml.rels':
      '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    'xl/workbook.xml':
      '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Budget" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/worksheets/sheet1.xml':
      '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Rent</t></is></c><c r="B1"><v>1200</v></c></row></sheetData></worksheet>',
  });

/** A one-page PDF with a correct table of objects. */
function pdf(text: string, extra = ''): Buffer {
  const stream = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    ...(extra === '' ? [] : [extra]),
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const at = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const encrypt = extra === '' ? '' : `/Encrypt ${objects.length} 0 R/ID[<00><00>]`;
  return Buffer.from(
    `${body}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<</Size ${size}/Root 1 0 R${encrypt}>>\nstartxref\n${body.length}\n%%EOF`,
    'latin1',
  );
}

const event = [
  'BEGIN:VCALENDAR',
  'METHOD:REQUEST',
  'BEGIN:VEVENT',
  'SUMMARY:Board meeting',
  'DTSTART;TZID=Europe/Berlin:20261007T100000',
  'LOCATION:Room 1',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');

describe('reading a file', () => {
  it.each<[string, () => string | Uint8Array, RegExp]>([
    ['a.pdf', () => pdf('Quarterly numbers'), /^Quarterly numbers$/],
    ['a.docx', () => docx('Minutes of Monday'), /^Minutes of Monday/],
    ['a.xlsx', xlsx, /^# Budget\nRent\t1200$/],
    [
      'a.ics',
      () => event,
      /summary: Board meeting\ndtstart \(Europe\/Berlin\): 2026-10-07T10:00:00/,
    ],
    ['a.html', () => '<p>Hello <b>you</b></p><script>x()</script>', /^Hello you$/],
    ['a.csv', () => 'a;b\n1;2', /^a;b\n1;2$/],
    ['a.md', () => Buffer.from([0xff, 0xfe, 0x48, 0, 0x69, 0]), /^Hi$/],
    ['a.txt', () => Buffer.from('Gr\xfc\xdfe', 'latin1'), /^Grüße$/],
  ])('gives the text of %s', async (name, content, expected) => {
    const { text, truncated } = await read(name, content());
    expect(text.trim()).toMatch(expected);
    expect(truncated).toBe(false);
  });

  it('goes by the type where the name says nothing', async () => {
    expect((await read('invite', event, 'text/calendar')).text).toContain('Board meeting');
    expect((await read('note', 'words', 'text/x-odd')).text).toBe('words');
  });

  it('cuts what is too long and says so', async () => {
    const { text, truncated } = await read('a.txt', 'x'.repeat(300_000));
    expect([text.length, truncated]).toEqual([200_000, true]);
  });
});

describe('refusing a file', () => {
  const bomb = () => zip({ 'word/document.xml': new Uint8Array(60 * 1024 * 1024) });
  /** A zip whose directory says that a large entry is small. */
  const lyingBomb = () => {
    const bytes = Buffer.from(bomb());
    bytes.writeUInt32LE(10, bytes.lastIndexOf('PK\u0001\u0002') + 24);
    return bytes;
  };
  /** A zip whose end says that its directory has no entries; some libraries read them all the same. */
  const uncountedBomb = () => {
    const bytes = Buffer.from(docx('a'.repeat(60 * 1024 * 1024)));
    const end = bytes.lastIndexOf('PK\u0005\u0006');
    bytes.writeUInt16LE(0, end + 8);
    bytes.writeUInt16LE(0, end + 10);
    return bytes;
  };
  /** A small zip whose end also says that the true directory is found in another way. */
  const twoDirectories = () => {
    const bytes = Buffer.from(docx('x'));
    bytes.writeUInt32LE(0xffffffff, bytes.lastIndexOf('PK\u0005\u0006') + 12);
    return bytes;
  };
  const encrypted = () =>
    pdf('secret', `<</Filter/Standard/V 1/R 2/P -44/O<${'11'.repeat(32)}>/U<${'22'.repeat(32)}>>>`);
  it.each<[string, () => string | Uint8Array, RegExp]>([
    ['winmail.dat', () => 'x', /only Outlook opens/],
    ['a.exe', () => 'MZ', /are not read/],
    ['a.pdf', () => 'no pdf at all', /it is no pdf file/],
    ['a.pdf', () => '%PDF-1.7 and then nothing', /damaged/],
    ['a.pdf', encrypted, /needs a password/],
    ['a.docx', () => Buffer.from('d0cf11e0a1b11ae1', 'hex'), /encrypted or in an old format/],
    ['a.docx', () => 'plain', /it is no docx file/],
    ['a.docx', () => docx('x').slice(0, 300), /cut short|damaged/],
    ['a.docx', bomb, /unpacks to more/],
    ['a.xlsx', lyingBomb, /unpacks to more/],
    ['a.docx', uncountedBomb, /unpacks to more|damaged/],
    ['a.docx', twoDirectories, /packed in a way/],
    ['a.xlsx', () => zip({ 'a.txt': 'no workbook' }), /damaged/],
    ['a.ics', () => 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR', /damaged|no events/],
    ['a.ics', () => 'nonsense', /damaged|no events/],
    ['a.txt', () => 'a\u0000b', /it is no text/],
    ['a.txt', () => '', /it is empty/],
    ['a.txt', () => new Uint8Array(11 * 1024 * 1024), /too large/],
  ])('%s: %s', async (name, content, words) => {
    await expect(read(name, content())).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: expect.stringMatching(words),
    });
  });

  it('that takes too long, and ends its reader', async () => {
    const content = Buffer.from(`<p>${'<b>'.repeat(300_000)}`);
    const reading = attachmentText({ name: 'a.html', mimeType: 'text/html', content }, 300);
    await expect(reading).rejects.toThrow(/takes too long/);
  });

  it('of any bytes under any name, as invalid input', async () => {
    const endings = fc.constantFrom('pdf', 'docx', 'xlsx', 'ics', 'html', 'txt');
    const heads = fc.constantFrom(
      '',
      '%PDF-1.4\n',
      'PK\u0003\u0004',
      'BEGIN:VCALENDAR\n',
      '<html>',
    );
    await fc.assert(
      fc.asyncProperty(
        endings,
        heads,
        fc.uint8Array({ maxLength: 400 }),
        async (end, head, tail) => {
          const content = Buffer.concat([Buffer.from(head, 'latin1'), tail]);
          try {
            const { text } = await attachmentText({ name: `a.${end}`, mimeType: '', content });
            expect(text.isWellFormed()).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({ type: 'InvalidInputError' });
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
