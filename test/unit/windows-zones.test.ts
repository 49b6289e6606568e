/** Windows' zones: every zone of this platform is written as one with the same clock, or refused. */
import { IANAZone } from 'luxon';
import { describe, expect, it } from 'vitest';
import { toIanaZone, toWindowsZone, windowsZoneAt } from '#activities/calendar/windows-zones.ts';

const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC', 'Asia/Kolkata'];
const dayMs = 86_400_000;
const startMs = Date.parse('2026-03-01T00:00:00Z');

describe('Windows zones', () => {
  it('stand for zones of the same clock, and give them back', () => {
    const refused: string[] = [];
    const differing: string[] = [];
    for (const zone of zones) {
      let name: string;
      try {
        name = toWindowsZone(zone, startMs);
      } catch (error) {
        expect(error).toMatchObject({ type: 'InvalidInputError' });
        refused.push(zone);
        continue;
      }
      expect(toIanaZone(name, zone)).toBe(zone);
      const [own, other] = [zone, toIanaZone(name)!].map((one) => IANAZone.create(one));
      for (let ms = startMs; ms < startMs + 366 * dayMs; ms += 2 * dayMs) {
        if (own!.offset(ms) !== other!.offset(ms)) differing.push(`${zone} at ${ms}`);
      }
    }
    expect(differing).toEqual([]);
    // Without a name, or with the name of a zone whose clock has gone another way.
    expect(refused).toEqual(expect.arrayContaining(['America/Ciudad_Juarez', 'Asia/Bishkek']));
    expect(refused.length).toBeLessThan(zones.length / 30);
  });

  it('are told for an instant where the clocks agree just then', () => {
    expect(windowsZoneAt('Europe/Rome', startMs)).toBe('W. Europe Standard Time');
    expect(windowsZoneAt('Asia/Bishkek', startMs)).toBeUndefined();
    expect(windowsZoneAt('America/Ciudad_Juarez', startMs)).toBeUndefined();
  });

  it('are read from either kind of name, and not from one of somebody’s own', () => {
    expect(toIanaZone('Pacific Standard Time')).toBe('America/Los_Angeles');
    expect(toIanaZone('Europe/Berlin')).toBe('Europe/Berlin');
    expect(toIanaZone('W. Europe Standard Time', 'Europe/Vienna')).toBe('Europe/Vienna');
    expect(toIanaZone('W. Europe Standard Time', 'Asia/Tokyo')).toBe('Europe/Berlin');
    expect(toIanaZone('tzone://Microsoft/Custom')).toBeUndefined();
    expect(toIanaZone('Nowhere/Land')).toBeUndefined();
    expect(toIanaZone('')).toBeUndefined();
  });
});
