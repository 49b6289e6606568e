/** Finds and checks TCP ports on this machine; it refuses to touch whoever holds one. */
import { connect, createServer, type AddressInfo } from 'node:net';

const loopback = '127.0.0.1';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  return listenBriefly(0, loopback);
}

/**
 * The port to use for a configured one: itself when free, any free one for 0.
 * @throws Error in one line when something else listens there
 */
export async function claimPort(
  port: number,
  variable: string,
  use: string,
  host = loopback,
): Promise<number> {
  try {
    return await listenBriefly(port, host);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new Error(
      `port ${port} for ${use} is not free (${why}): stop what uses it, or set ${variable} to ` +
        'another port or to 0 for any free one',
      { cause: error },
    );
  }
}

/** Whether something accepts connections on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: loopback });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function listenBriefly(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address.port));
    });
  });
}
