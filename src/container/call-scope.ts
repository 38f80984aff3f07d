import { Question } from '../dispatch/question.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { isConstructor } from '../metadata/metadata-store.js';
import { classOf, nameOfKey, type Provider } from './provider.js';

/** The instances of one question. */
export interface CallServices {
  readonly get: (provider: Provider) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** The services of a module that live for one question of the homeserver. */
export class CallScope {
  constructor(
    private readonly module: string,
    private readonly providers: readonly Provider[],
    private readonly open: () => CallServices,
  ) {}

  /** Makes the instances of the running question, if they are not there yet; they end with it. */
  async enter(): Promise<void> {
    const question = Question.current();
    if (question === undefined) return;
    const entered = (question.values.get(this) as Promise<unknown> | undefined) ?? this.make(question);
    question.values.set(this, entered);
    await entered;
  }

  /** Stands where a service is injected, for the instance of whichever question is running. */
  forwarder(provider: Provider): object {
    const of = (): object => this.instanceOf(provider);
    const prototype = (classOf(provider)?.prototype ?? Object.prototype) as object;
    return new Proxy(Object.create(prototype) as object, {
      get: (_target, name) => {
        // Whoever awaits it asks for this, outside of questions, too.
        if (name === 'then') return undefined;
        const instance = of();
        const value: unknown = Reflect.get(instance, name, instance);
        return typeof value === 'function' && !isConstructor(value) ? (value.bind(instance) as unknown) : value;
      },
      set: (_target, name, value) => Reflect.set(of(), name, value),
      has: (_target, name) => Reflect.has(of(), name),
      defineProperty: (_target, name, descriptor) => Reflect.defineProperty(of(), name, descriptor),
      deleteProperty: (_target, name) => Reflect.deleteProperty(of(), name),
      ownKeys: () => Reflect.ownKeys(of()),
      getOwnPropertyDescriptor: (_target, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(of(), name);
        return descriptor && { ...descriptor, configurable: true };
      },
    });
  }

  private async make(question: Question): Promise<void> {
    const services = this.open();
    question.atEnd(() => services.close());
    const instances = new Map<Provider, unknown>();
    question.values.set(this.providers, instances);
    try {
      for (const provider of this.providers) {
        if (question.isOver) return;
        instances.set(provider, await services.get(provider));
      }
    } finally {
      // What was given up meanwhile has ended without what was still being made.
      if (question.isOver) await services.close();
    }
  }

  private instanceOf(provider: Provider): object {
    const question = Question.current();
    const instances = question?.values.get(this.providers) as ReadonlyMap<Provider, unknown> | undefined;
    if (question === undefined || question.isOver || instances === undefined) {
      const why = question?.isOver === true ? 'the question it belongs to has been answered' : 'there is none now';
      throw new VesicleError('KERNEL_NO_QUESTION', {
        module: this.module,
        service: nameOfKey(provider.provide),
        reason: why,
      });
    }
    const instance = instances.get(provider);
    if (typeof instance === 'object' && instance !== null) return instance;
    throw new VesicleError('KERNEL_NO_QUESTION', {
      module: this.module,
      service: nameOfKey(provider.provide),
      reason: 'it is not made yet, or no object',
    });
  }
}
