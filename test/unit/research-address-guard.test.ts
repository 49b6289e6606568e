import { describe, expect, it } from 'vitest';
import { failureTypeOf } from '#activities/failures.ts';
import {
  checkPageUrl,
  guardedLookup,
  isAllowedAddress,
} from '#activities/research/address-guard.ts';

function refusal(mode: 'live' | 'sandbox', url: string): string | undefined {
  try {
    checkPageUrl(mode, url);
    return undefined;
  } catch (error) {
    return failureTypeOf(error);
  }
}

const privateHosts = [
  '127.0.0.1',
  '127.1',
  '0',
  '0x7f.1',
  '017700000001',
  '2130706433',
  '[::ffff:7f00:1]',
  '[::ffff:127.0.0.1]',
  '[::]',
  '[::1]',
  '169.254.169.254',
  '[fd00:ec2::254]',
  '100.100.100.200',
  '168.63.129.16',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '198.18.0.1',
  '192.0.2.1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '[fe80::1]',
  '[fec0::1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2001:db8::1]',
  '[ff02::1]',
];

describe('a page in live mode', () => {
  it.each(privateHosts)('is refused at %s', (host) => {
    expect(refusal('live', `http://${host}/`)).toBe('EgressBlockedError');
  });
  it.each(['93.184.215.14', '[2606:2800:21f:cb07::1]', 'example.com'])(
    'is let through the first check at %s',
    (host) => {
      expect(refusal('live', `https://${host}/path#part`)).toBeUndefined();
    },
  );
  it.each([
    ['https://example.com:8443/', 'EgressBlockedError'],
    ['https://user:secret@example.com/', 'EgressBlockedError'],
    ['file:///etc/passwd', 'EgressBlockedError'],
    ['ftp://example.com/', 'EgressBlockedError'],
    ['javascript:alert(1)', 'EgressBlockedError'],
    ['not an address', 'InvalidInputError'],
    [`https://example.com/${'a'.repeat(3_000)}`, 'InvalidInputError'],
  ])('is refused for %s', (url, type) => {
    expect(refusal('live', url)).toBe(type);
  });
  it('drops the fragment', () => {
    expect(checkPageUrl('live', 'https://example.com/a#b').href).toBe('https://example.com/a');
  });
});

describe('a page in sandbox mode', () => {
  it('may be on any port of loopback', () => {
    expect(refusal('sandbox', 'http://127.0.0.1:8090/pages/x')).toBeUndefined();
  });
  it.each(['http://93.184.215.14/', 'http://169.254.169.254/', 'http://0/', 'http://[::]/'])(
    'is refused at %s',
    (url) => expect(refusal('sandbox', url)).toBe('EgressBlockedError'),
  );
  it('knows loopback from everything else', () => {
    expect(isAllowedAddress('sandbox', '127.0.0.1')).toBe(true);
    expect(isAllowedAddress('sandbox', '8.8.8.8')).toBe(false);
    expect(isAllowedAddress('live', 'no address')).toBe(false);
  });
});

describe('the lookup of a host name', () => {
  const look = (addresses: { address: string; family: number }[], all: boolean) =>
    new Promise((resolve) => {
      const lookup = guardedLookup('live', () => Promise.resolve(addresses));
      lookup('page.example', { all }, (error, address) => resolve(error ?? address));
    });
  const publicOne = { address: '93.184.215.14', family: 4 };

  it('gives the socket the address that was judged', async () => {
    expect(await look([publicOne], false)).toBe('93.184.215.14');
    expect(await look([publicOne], true)).toEqual([publicOne]);
  });
  it('refuses a host when one of its addresses is private', async () => {
    const mixed = [publicOne, { address: '10.0.0.7', family: 4 }];
    expect(failureTypeOf(await look(mixed, true))).toBe('EgressBlockedError');
  });
  it('refuses a host without addresses', async () => {
    expect(failureTypeOf(await look([], true))).toBe('EgressBlockedError');
  });
});
