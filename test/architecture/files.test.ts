/** What every file keeps to: its size, its opening words, its markers, and no trace of a machine. */
import { describe, expect, it } from 'vitest';
import { projectFiles, read } from './sources.ts';

const maxLines = 300;
const files = projectFiles();
const product = files.filter((file) =>
  /^(contracts|workflows|activities|workers|api|infra)\/.+\.(ts|mjs)$/.test(file),
);
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file));
const isText = (file: string) => !/\.(png|ico|gz|pdf|woff2?)$/.test(file);

describe('a source file', () => {
  it(`has at most ${maxLines} lines`, () => {
    const long = product.filter((file) => read(file).split('\n').length - 1 > maxLines);
    expect(long).toEqual([]);
  });

  it('opens by saying what it is for', () => {
    const silent = product.filter((file) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(read(file)));
    expect(silent).toEqual([]);
  });

  it('has no marker but a note and a numbered to-do', () => {
    // Written in two parts, so that this file does not find itself.
    const other = new RegExp(
      ['\\b(FIX', 'ME|XX', 'X|HA', 'CK)\\b|@TO', 'DO(?!\\(#\\d+\\))'].join(''),
    );
    const bare = new RegExp(`(//|\\*) *TO${'DO'}\\b`);
    const wrong = sources.filter((file) => other.test(read(file)) || bare.test(read(file)));
    expect(wrong).toEqual([]);
  });
});

describe('no file', () => {
  it('names a path of a machine', () => {
    const path = /(?:^|[\s"'`(=])\/(?:work|root|Users|home)\/[a-z]/m;
    const vendors = (file: string) => file.startsWith('test/contract/vendors/');
    const wrong = files.filter((file) => isText(file) && !vendors(file) && path.test(read(file)));
    expect(wrong).toEqual([]);
  });

  it('names a package registry: where packages come from is the machine’s business', () => {
    const registry =
      /registry\.(npmjs|yarnpkg|npmmirror)\.\w+|https?:\/\/[^\s"']*(artifactory|nexus|verdaccio)/;
    const itself = 'test/architecture/files.test.ts';
    const wrong = files.filter((f) => isText(f) && f !== itself && registry.test(read(f)));
    expect(wrong).toEqual([]);
    expect(read('package-lock.json')).not.toContain('"resolved": "http');
  });
});
