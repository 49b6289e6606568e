/**
 * Who is outside: judged by the account an effect leaves from, as a private mailbox and a company's
 * have different insides. It decides nothing about what may be sent there.
 */

/** Hosts where anyone can have a mailbox: sharing the domain says nothing about two people. */
const openToAnyone = new Set([
  'gmail.com',
  'googlemail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'msn.com',
  'icloud.com',
  'me.com',
  'yahoo.com',
  'aol.com',
  'gmx.de',
  'gmx.net',
  'web.de',
  'proton.me',
  'protonmail.com',
]);

/** The addresses outside of an account's organisation. The person's `own` ones never are. */
export function outsideOf(
  addresses: readonly string[],
  account: string,
  own: ReadonlySet<string>,
): string[] {
  const home = domainOf(account);
  return addresses.filter((address) => {
    const email = address.toLowerCase();
    if (email === account.toLowerCase() || own.has(email)) return false;
    return domainOf(email) !== home || openToAnyone.has(home);
  });
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
