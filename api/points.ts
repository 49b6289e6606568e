/**
 * Names the moments at which a start must not be lost, on the diagnostics channel `adjutant:point`.
 * Nobody listens in production; the crash bench does. It never changes what happens.
 */
import { channel } from 'node:diagnostics_channel';

const points = channel('adjutant:point');

/**
 * Says that a point has been reached: C1 start kept, C2 Temporal has it, C6 decision signalled, C14
 * deliveries started and their cursor not saved.
 */
export function reached(point: 'C1' | 'C2' | 'C6' | 'C14'): void {
  if (points.hasSubscribers) points.publish({ point });
}
