/** The readable text of mail: whole, the writer's own part, and what hostile bodies cost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mailText } from '#activities/email/mail-text.ts';

const html = (body: string) => mailText({ plain: '', html: body });
const plain = (body: string) => mailText({ plain: body, html: '' });

describe('the own part of a mail', () => {
  it.each([
    [
      'Gmail',
      '<div>Yes.</div><div class="gmail_quote">On Mon Bob wrote:<blockquote>Old</blockquote></div>',
    ],
    ['Apple Mail', '<div>Yes.</div><blockquote type="cite"><div>Old</div></blockquote>'],
    [
      'Thunderbird',
      '<p>Yes.</p><div class="moz-cite-prefix">On Mon Bob wrote:</div><blockquote type="cite">Old</blockquote>',
    ],
    ['Outlook', '<p>Yes.</p><hr><div id="divRplyFwdMsg">From: Bob</div><div>Old</div>'],
    ['Outlook, seen in Outlook', '<p>Yes.</p><div id="x_divRplyFwdMsg">From: Bob</div><p>Old</p>'],
    ['Outlook on phones', '<p>Yes.</p><div id="appendonsend"></div><div>Old</div>'],
  ])('is told from what %s quotes', (_program, body) => {
    const { text, ownText } = html(body);
    expect(ownText).toBe('Yes.');
    expect(text).toContain('Old');
  });

  it('is told from quoted lines, also between them', () => {
    expect(plain('Yes.\n\nOn Tue, 3 Nov 2026, Bob <b@x.com> wrote:\n> Old\n> words').ownText).toBe(
      'Yes.',
    );
    expect(plain('> One?\nYes.\n> Two?\nNo.').ownText).toBe('Yes.\nNo.');
  });

  it('is the whole of a mail that quotes nothing, or nothing else', () => {
    const long = `Dear all,\n\n${'A long paragraph of words. '.repeat(1_000)}\n\nBest\nBob`;
    expect(plain(long).ownText).toBe(long.replaceAll(' \n', '\n'));
    expect(plain('> Only this').ownText).toBe('> Only this');
  });

  it('keeps line breaks and lists of HTML, and hides addresses of links that say them', () => {
    const { text } = html(
      '<p>Hi<br>Bob</p><ul><li>one</li></ul><a href="https://a.example">https://a.example</a>',
    );
    expect(text).toBe('Hi\nBob\n\n * one\n\nhttps://a.example');
  });
});

describe('hostile bodies', () => {
  const boundMs = 5_000;
  it.each<[string, string, string]>([
    ['nested elements', '', '<div>'.repeat(200_000)],
    ['nested lists', '', '<ul><li>'.repeat(80_000)],
    ['ends of what is not open', '', '<div></b>'.repeat(100_000)],
    ['elements that end each other in part', '', '<p><li>'.repeat(100_000)],
    ['paragraphs in cells', '', '<td><p>'.repeat(100_000)],
    ['ends in comments', '', '<div><!--</div>-->'.repeat(50_000)],
    ['ends in attributes', '', '<div title="</div>">'.repeat(50_000)],
    ['ends in scripts', '', '<div><script></div></script>'.repeat(35_000)],
    ['comments without an end', '', '<!--'.repeat(250_000)],
    ['scripts without an end', '', '<script>'.repeat(100_000)],
    ['open tags', '', '<a '.repeat(300_000)],
    ['brackets', '', '<'.repeat(1_000_000)],
    ['entities', '', '&#x110000;&amp'.repeat(60_000)],
    ['a long line of years', '2000 from <a> '.repeat(5_000), ''],
    ['lines of quote headers', 'den. \na skrev \n'.repeat(2_000), ''],
    ['blank lines', '\n \n'.repeat(100_000), ''],
    ['blanks', `${' '.repeat(500_000)}x`, ''],
    ['NULs', '\u0000'.repeat(10_000), ''],
  ])('%s end within seconds', (_name, text, markup) => {
    const started = performance.now();
    const read = mailText({ plain: text, html: markup });
    expect(performance.now() - started).toBeLessThan(boundMs);
    expect(read.text).not.toContain('\u0000');
  });

  it('of any kind become text', () => {
    const pieces = fc.constantFrom(
      '<div>',
      '</p>',
      '<!--',
      '<script>',
      '&',
      '>',
      '\n',
      'On x wrote:',
      '> ',
      'é',
      '\ud800',
      '<style>',
      '<a href="',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 300 }), fc.boolean(), (parts, isHtml) => {
        const body = parts.join('');
        const { text, ownText } = mailText({ plain: isHtml ? '' : body, html: isHtml ? body : '' });
        expect(text.isWellFormed() && ownText.isWellFormed()).toBe(true);
      }),
    );
  });
});
