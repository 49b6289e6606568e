/**
 * How clients reach Temporal. A query that comes while a workflow task is under way is refused by the
 * local server (see docs/decisions/0014-bookkeeping-ends-in-its-task.md) and asked again soon.
 */
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/** The first pause before a refused call is repeated; the SDK's own would be a second. */
const firstPauseMs = 25;

/** Options of a client's connection to a server. */
function optionsFor(address: string) {
  const retry = defaultGrpcRetryOptions({ initialIntervalMs: () => firstPauseMs });
  return { address, interceptors: [makeGrpcRetryInterceptor(retry)] };
}

/** A connection that is made when it is first used. */
export function lazyConnection(address: string): Connection {
  return Connection.lazy(optionsFor(address));
}

/** A connection that is made now. @throws when nothing answers at the address */
export function connectClient(address: string): Promise<Connection> {
  return Connection.connect(optionsFor(address));
}
