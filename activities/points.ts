/**
 * Names the moments at which dying hurts, on the diagnostics channel `adjutant:point`. Nobody listens
 * in production, and then it costs nothing; the crash bench listens. It never changes what happens.
 * @see docs/operations.md, "What happens when a process dies"
 */
import { channel } from 'node:diagnostics_channel';

/** C4 to C13 of the crash points: what is durable at each is said where it is marked. */
export type Point = 'C4' | 'C5' | 'C6' | 'C7' | 'C9' | 'C10' | 'C11' | 'C12';

const points = channel('adjutant:point');

/** Says that a point has been reached. */
export function reached(point: Point): void {
  if (points.hasSubscribers) points.publish({ point });
}
