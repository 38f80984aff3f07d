import { MetadataRows } from './metadata-store.js';

/** What the texts of a property of a configuration class mean: `5d` or `10M`. */
export type Unit = 'duration' | 'byte_size';

interface UnitRecord {
  readonly property: string;
  readonly unit: Unit;
}

const rows = new MetadataRows<UnitRecord>('unit');

/** Records that a property of a configuration class holds a quantity. */
export function recordUnit(type: object, property: string, unit: Unit): void {
  rows.add(type, { property, unit });
}

/** The quantities of a configuration class by property, those of its base classes included. */
export function readUnits(type: object): ReadonlyMap<string, Unit> {
  return new Map(rows.all(type).map((row) => [row.property, row.unit]));
}
