/**
 * The pages on which a person connects an account: plain HTML, no script, no request of their own.
 * They show nothing of a person before that person has shown the token.
 */
import { type Provider, providerNames, providers } from '#contracts/accounts.ts';
import type { AccountView } from '#contracts/schemas/account.ts';

/** The pages run nothing and may only send their form to this server. */
export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The form: whose token, which vendor, what to call it. */
export function connectPage(problem: string | null = null): string {
  const buttons = providers.map(
    (provider) =>
      `<button name="provider" value="${provider}">Connect ${providerNames[provider]}</button>`,
  );
  return page(
    'Connect an account',
    `${problem === null ? '' : `<p role="alert"><strong>${escapeHtml(problem)}</strong></p>`}
<form method="post" action="/connect" autocomplete="off">
<p><label>Your token<br><input type="password" name="token" required></label></p>
<p><label>What you call the account, if anything (work, private)<br>
<input name="label" maxlength="40"></label></p>
<p><label><input type="checkbox" name="default" value="yes"> New events and mails go there</label></p>
<p>${buttons.join('\n')}</p>
</form>`,
  );
}

/**
 * Sends the browser on to the vendor. Not by a redirect: browsers hold those against a form's policy,
 * which would have to name the vendors.
 */
export function onwardPage(provider: Provider, url: string): string {
  const address = escapeHtml(url);
  return page(
    `Going to ${providerNames[provider]}`,
    `<p><a href="${address}">Go on to ${providerNames[provider]}</a></p>`,
    `<meta http-equiv="refresh" content="0;url=${address}">`,
  );
}

/** The account is connected: here are all of them. */
export function connectedPage(email: string, accounts: readonly AccountView[]): string {
  const items = accounts.map(({ email: address, provider, label, isDefault, state }) => {
    const marks = [
      providerNames[provider],
      ...(label === null ? [] : [label]),
      ...(isDefault ? ['default'] : []),
      ...(state === 'connected' ? [] : ['must be connected again']),
    ];
    return `<li>${escapeHtml(address)} (${escapeHtml(marks.join(', '))})</li>`;
  });
  return page(
    `Connected ${email}`,
    `<p>Your accounts:</p><ul>${items.join('\n')}</ul><p>You can close this page.</p>`,
  );
}

/** One sentence, when something did not work. */
export function sorryPage(message: string): string {
  return page('Not connected', `<p>${escapeHtml(message)}</p><p><a href="/connect">Again</a></p>`);
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} · Adjutant</title>${head}
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}</style>
</head><body><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`;
}

function escapeHtml(text: string): string {
  const named: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (char) => named[char] ?? char);
}
