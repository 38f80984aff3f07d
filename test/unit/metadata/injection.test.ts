import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as inversify from 'inversify';
import { inject, injectable, optional, postConstruct, preDestroy } from '../../../src/decorators/injection.js';
import { readInjectedProperties, readLifeCycle, readParameters } from '../../../src/metadata/injection.js';

class One {}
class Two {}

describe('the parameters of a constructor', () => {
  it('are known by the types that TypeScript emits, and by name', () => {
    @injectable()
    class Service {
      constructor(
        readonly one: One,
        readonly text: string,
        readonly two?: Two,
      ) {}
    }
    assert.deepEqual(
      readParameters(Service).map((parameter) => ({ ...parameter, name: parameter.name() })),
      [
        { index: 0, name: 'one', key: One, isOptional: false },
        { index: 1, name: 'text', key: undefined, isOptional: false },
        { index: 2, name: 'two', key: Two, isOptional: false },
      ],
    );
  });

  it('are what @inject says, whatever their type', () => {
    const key = Symbol('key');
    class Service {
      constructor(
        @inject(Two) readonly one: object,
        @inject('text') readonly text: string,
        @optional() @inject(key) readonly symbol: unknown,
        @inject(() => One) readonly later: unknown,
      ) {}
    }
    assert.deepEqual(
      readParameters(Service).map((parameter) => [parameter.key, parameter.isOptional]),
      [
        [Two, false],
        ['text', false],
        [key, true],
        [One, false],
      ],
    );
  });

  it("are what inversify's own decorators say", () => {
    @inversify.injectable()
    class Service {
      constructor(
        readonly one: One,
        @inversify.inject('text') readonly text: string,
        @inversify.optional() readonly two: Two,
        @inversify.inject(new inversify.LazyServiceIdentifier(() => Two)) readonly lazy: unknown,
      ) {}
    }
    assert.deepEqual(
      readParameters(Service).map((parameter) => [parameter.key, parameter.isOptional]),
      [
        [One, false],
        ['text', false],
        [Two, true],
        [Two, false],
      ],
    );
  });

  it('are those of the base class when a class has no constructor', () => {
    @injectable()
    class Base {
      constructor(readonly one: One) {}
    }
    class Derived extends Base {
      nameOf(): string {
        return `${String(this.constructor)} is no constructor (x)`;
      }
    }
    assert.deepEqual(
      readParameters(Derived).map(({ key }) => key),
      [One],
    );
  });

  it('are none for a class without a constructor', () => {
    assert.deepEqual(readParameters(One), []);
  });
});

describe('properties', () => {
  it('are injected when @inject stands on them, here or in a base class', () => {
    class Base {
      @inversify.inject('foreign') readonly foreign: unknown;
    }
    class Service extends Base {
      @inject(One) readonly one: unknown;
      @optional() @inject('maybe') readonly maybe: unknown;
    }
    const expected = new Map<string, unknown>([
      ['foreign', { key: 'foreign', isOptional: false }],
      ['one', { key: One, isOptional: false }],
      ['maybe', { key: 'maybe', isOptional: true }],
    ]);
    assert.deepEqual(readInjectedProperties(Service), expected);
  });
});

describe('life cycle methods', () => {
  it('are found in order, base classes first, each once', () => {
    class Base {
      @postConstruct()
      open(): void {}

      @inversify.preDestroy()
      shut(): void {}
    }
    class Service extends Base {
      @postConstruct()
      override open(): void {}

      @inversify.postConstruct()
      second(): void {}

      @preDestroy()
      last(): void {}
    }
    assert.deepEqual(readLifeCycle(Service, 'post_construct'), ['open', 'second']);
    assert.deepEqual(readLifeCycle(Service, 'pre_destroy'), ['shut', 'last']);
  });
});
