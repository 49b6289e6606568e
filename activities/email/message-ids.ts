/** Message-IDs of RFC 5322, as headers carry them. It repairs nothing. */

/** Well-formed message ids of a header value. Anything else in it is dropped. */
export function messageIds(value: string): string[] {
  return value.match(/<[^<>\s@]{1,200}@[^<>\s@]{1,200}>/g) ?? [];
}
