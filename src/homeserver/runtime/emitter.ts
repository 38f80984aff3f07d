import { EventEmitter } from 'node:events';

/** Arguments of each event, by its name. */
type Events = Record<string, readonly unknown[]>;

type Listener<Args extends readonly unknown[]> = (...args: Args) => void;
type Answerer<Args extends readonly unknown[]> = (...args: Args) => Promise<void> | undefined;

/**
 * Connects parts of the homeserver that do not know each other: `Told` events have happened, and nobody can change that; the
 * others are `Asked`: each answerer is awaited, in the order in which they came, and one that throws refuses.
 */
export class Emitter<Told extends Events, Asked extends Events> {
  private readonly told = new EventEmitter();
  private readonly answerers = new Map<keyof Asked, Answerer<Asked[keyof Asked]>[]>();

  /** Adds who is told. */
  on<Name extends keyof Told & string>(name: Name, listener: Listener<Told[Name]>): void {
    this.told.on(name, listener);
  }

  /** Tells everybody, at once; what a listener throws is thrown. */
  tell<Name extends keyof Told & string>(name: Name, ...args: Told[Name]): void {
    this.told.emit(name, ...args);
  }

  /** Adds who is asked. */
  onAsk<Name extends keyof Asked & string>(name: Name, answerer: Answerer<Asked[Name]>): void {
    const answerers = this.answerers.get(name) ?? [];
    this.answerers.set(name, [...answerers, answerer as Answerer<Asked[keyof Asked]>]);
  }

  /** Asks everybody, one after the other; the first that throws ends it. */
  async ask<Name extends keyof Asked & string>(name: Name, ...args: Asked[Name]): Promise<void> {
    for (const answerer of this.answerers.get(name) ?? []) {
      const answer = answerer(...args);
      if (answer !== undefined) await answer;
    }
  }
}
