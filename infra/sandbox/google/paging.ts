/** Page tokens: opaque to clients, an offset to us. */
import { invalid } from '../errors.ts';

/** The offset a page token stands for, 0 for the first page. @throws GoogleError 400. */
export function readPageToken(token: string | undefined): number {
  if (token === undefined || token === '') return 0;
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const offset = /^page:(\d+)$/.exec(text)?.[1];
  if (offset === undefined) throw invalid('Invalid page token value.', 'pageToken');
  return Number(offset);
}

/** The token for the page that starts at an offset. */
export function writePageToken(offset: number): string {
  return Buffer.from(`page:${offset}`).toString('base64url');
}
