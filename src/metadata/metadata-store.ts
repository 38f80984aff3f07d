import 'reflect-metadata/lite';

/**
 * A class, as decorators and containers name it.
 *
 * @example
 * ```ts
 * import { type Class } from 'vesicle';
 * const make = (type: Class<Date>): Date => new type();
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- classes with any constructor; arguments are resolved, never written
export type Class<T = object> = new (...args: any[]) => T;

/**
 * A class that may be abstract: a key for injection, or a base class.
 *
 * @example
 * ```ts
 * import { type AbstractClass, ModuleApi } from 'vesicle';
 * const key: AbstractClass = ModuleApi;
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AbstractClass<T = object> = abstract new (...args: any[]) => T;

/** Whether a value is a class, as opposed to a function: its prototype cannot be written. */
export function isConstructor(value: unknown): value is Class {
  return typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

/**
 * Rows that decorators recorded on a class, under a name. They lie in reflect-metadata, so that two copies of this
 * package in one process understand each other.
 */
export class MetadataRows<Row> {
  private readonly key: string;

  constructor(name: string) {
    this.key = `vesicle:${name}`;
  }

  /** Adds a row to those of this very class. */
  add(type: object, row: Row): void {
    Reflect.defineMetadata(this.key, [...this.own(type), row], type);
  }

  /** The rows of this very class, in the order of recording. */
  own(type: object): readonly Row[] {
    return (Reflect.getOwnMetadata(this.key, type) as readonly Row[] | undefined) ?? [];
  }

  /** The rows of a class and those it extends, the base classes' first. */
  all(type: object): readonly Row[] {
    if (Object.getPrototypeOf(type) === Function.prototype) return this.own(type);
    return lineage(type).flatMap((ancestor) => this.own(ancestor));
  }
}

/** A class and those it extends, the furthest ancestor first. */
export function lineage(type: object): readonly object[] {
  const classes: object[] = [];
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    classes.unshift(at);
  }
  return classes;
}
