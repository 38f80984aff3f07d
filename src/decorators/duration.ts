import { parseDuration } from '../config/values/parse-unit.js';
import { refuseStandard } from './standard-decorator.js';
import { recordUnit, type Unit } from '../metadata/unit-record.js';

/** What a property with a unit holds. */
type Quantity = number | null | undefined | readonly Quantity[];

/**
 * Marks a property of a configuration class that holds numbers, and reads the same strings elsewhere: {@link Duration}, {@link ByteSize}.
 *
 * @example
 * ```ts
 * import { Duration, type UnitDecorator } from 'vesicle';
 * export const Pause: UnitDecorator = Duration;
 * ```
 */
export interface UnitDecorator {
  (): <Name extends string>(target: { readonly [P in Name]?: Quantity }, property: Name) => void;
  /** The number that a text stands for; throws `HostError` as Synapse does when it stands for none. */
  readonly parse: (value: string | number) => number;
}

/**
 * A time in milliseconds, written as in Synapse's own configuration: a number of milliseconds, or a text such as `5d` or
 * `90s` (`s`, `m`, `h`, `d`, `w`, `y`).
 *
 * @example
 * ```ts
 * import { Duration } from 'vesicle';
 *
 * export class MuteConfig {
 *   \@Duration() muteFor = Duration.parse('5d'); // 432000000
 * }
 * ```
 */
export const Duration: UnitDecorator = unitDecorator('duration', parseDuration);

/** A decorator that records what a property's texts mean. */
export function unitDecorator(unit: Unit, parse: (value: string | number) => number): UnitDecorator {
  const decorate = () => (target: object, property: string) => {
    refuseStandard(unit === 'duration' ? '@Duration' : '@ByteSize', property);
    recordUnit(target.constructor, property, unit);
  };
  return Object.assign(decorate, { parse });
}
