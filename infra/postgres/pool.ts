/** Makes the connection pool of a process. It runs no query and knows no table. */
import { Pool } from 'pg';

/** How a process uses the database. */
export type PoolOptions = {
  readonly url: string;
  /** Shown in pg_stat_activity, such as `adjutant-worker`. */
  readonly applicationName: string;
  /** Most connections at once. */
  readonly size?: number;
  /** Told about connections lost while idle; without it they are dropped silently. */
  readonly onIdleError?: (error: Error) => void;
};

const defaultSize = 10;
const connectionTimeoutMs = 10_000;

/**
 * Creates a pool; the caller ends it. A connection that is lost is replaced and ends no process: whoever
 * holds it learns of it from the next query.
 */
export function createPool(options: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.size ?? defaultSize,
    connectionTimeoutMillis: connectionTimeoutMs,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // The pool listens on idle ones only; one that is held between two queries would throw (pg 8.23).
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
