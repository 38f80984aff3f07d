import type { ClassLibraries, ConfigClass } from './class-libraries.js';
import { choicesOf, type Choice } from './class-enum.js';
import type { Mapping } from '../values/readers.js';
import { snakeCase } from '../values/snake-case.js';

/** What the texts of a property mean: `5d`, or `10M`. */
type Unit = 'duration' | 'byte_size';

/** The properties of a class that hold a quantity; recorded by `@Duration` and `@ByteSize`. */
export type UnitsOf = (type: ConfigClass) => ReadonlyMap<string, Unit>;

/** One property of a configuration class. */
export interface PropertyShape {
  readonly property: string;
  /** How it is written in YAML. */
  readonly key: string;
  readonly unit: Unit | undefined;
  /** The type that TypeScript emitted; only where the property carries a decorator. */
  readonly designType: unknown;
  /** The class of the value, or of its items, for this value. */
  readonly nestedIn: (value: Mapping, owner: Mapping) => ConfigClass | undefined;
  /** The value must be nested (`@ValidateNested`), but nothing says which class it has. */
  readonly isClassMissing: boolean;
  /** `@Type`, or the class that TypeScript emitted: class-transformer makes the value. */
  readonly isTyped: boolean;
  /** `@Transform`: the author makes the value of whatever is given. */
  readonly isTransformed: boolean;
  readonly isValidated: boolean;
  /** It must be nested (`@ValidateNested`) and may not be missing, whatever class-validator says. */
  readonly isRequiredNested: boolean;
  /** What holds its values, by the declared class or the default. */
  readonly collection: 'list' | 'map' | 'set' | undefined;
  /** Each value may be a class of its own, and which one is told by a key of it. */
  readonly discriminator: Discriminator | undefined;
  /** The validators that are meant for each item, by name. */
  readonly ofItems: ReadonlySet<string>;
  /** The author's own messages, by the name of the validator. */
  readonly messages: ReadonlyMap<string, ValidatorMessage>;
  /** The values of `@IsEnum`. */
  readonly choices: readonly Choice[] | undefined;
  /** A getter with a setter: what is given goes through the author's code. */
  readonly isAccessor: boolean;
  readonly defaultValue: unknown;
}

type Validation = ReturnType<ClassLibraries['validator']['getTargetValidationMetadatas']>[number];

export type ValidatorMessage = Validation['message'];

/** The key that picks the class of a nested value, and what it may be. */
export interface Discriminator {
  readonly property: string;
  readonly names: readonly string[];
}

const PLAIN_TO_CLASS = 0;

const BUILT_IN: readonly unknown[] = [
  Array,
  BigInt,
  Boolean,
  Date,
  Function,
  Map,
  Number,
  Object,
  Promise,
  Set,
  String,
  Symbol,
];

/** Knows the properties of configuration classes, from everything their decorators and defaults say. */
export class ClassShapes {
  private readonly shapes = new Map<ConfigClass, ReadonlyMap<string, PropertyShape>>();

  constructor(
    private readonly libraries: ClassLibraries,
    private readonly unitsOf: UnitsOf,
  ) {}

  /** The properties by their YAML key. */
  of(type: ConfigClass): ReadonlyMap<string, PropertyShape> {
    const known = this.shapes.get(type);
    if (known !== undefined) return known;
    const shape = new Map(this.propertiesOf(type).map((property) => [property.key, property]));
    this.shapes.set(type, shape);
    return shape;
  }

  private propertiesOf(type: ConfigClass): readonly PropertyShape[] {
    const { transformer } = this.libraries;
    const defaults = new type() as Mapping;
    const validations = this.validationsOf(type);
    const units = this.unitsOf(type);
    const excluded = transformer.getExcludedProperties(type, PLAIN_TO_CLASS);
    const accessors = accessorsOf(type);
    const names = new Set([
      ...Object.keys(defaults),
      ...[...accessors].filter(([, accessor]) => accessor.set !== undefined).map(([name]) => name),
      ...validations.map((validation) => validation.propertyName),
      ...transformer.getExposedProperties(type, PLAIN_TO_CLASS),
      ...units.keys(),
    ]);
    return [...names]
      .filter((name) => !excluded.includes(name) && !this.isReadOnly(type, name, accessors))
      .map((property) => {
        const own = validations.filter((validation) => validation.propertyName === property);
        return {
          ...this.typesOf(type, property, own, defaults[property]),
          ...validatorsOf(own),
          property,
          key: transformer.findExposeMetadata(type, property)?.options.name ?? snakeCase(property),
          unit: units.get(property),
          isTyped: transformer.findTypeMetadata(type, property) !== undefined,
          isTransformed: transformer.findTransformMetadatas(type, property, PLAIN_TO_CLASS).length > 0,
          isAccessor: accessors.has(property),
          defaultValue: defaults[property],
        };
      });
  }

  /** class-transformer fails on a getter that a base class has; it is told to leave all of them alone. */
  private isReadOnly(type: ConfigClass, name: string, accessors: Accessors): boolean {
    const accessor = accessors.get(name);
    if (accessor === undefined || accessor.set !== undefined) return false;
    this.libraries.Exclude({ toClassOnly: true })(type.prototype as object, name);
    return true;
  }

  private typesOf(
    type: ConfigClass,
    property: string,
    validations: readonly Validation[],
    defaultValue: unknown,
  ): Pick<
    PropertyShape,
    'designType' | 'nestedIn' | 'isClassMissing' | 'isRequiredNested' | 'collection' | 'discriminator'
  > {
    const designType = designTypeOf(type, property);
    const nestedIn = this.nestedClass(type, property, designType);
    const isNested = validations.some((one) => one.type === 'nestedValidation');
    const isOptional = validations.some((one) => one.type === 'conditionalValidation');
    const discriminator = this.libraries.transformer.findTypeMetadata(type, property)?.options.discriminator;
    return {
      designType,
      nestedIn,
      isClassMissing: isNested && nestedIn({}, {}) === undefined,
      isRequiredNested: isNested && !isOptional && (defaultValue ?? null) === null,
      collection: collectionOf(designType, defaultValue),
      discriminator: discriminator && {
        property: discriminator.property,
        names: discriminator.subTypes.map(({ name }) => name),
      },
    };
  }

  private nestedClass(type: ConfigClass, property: string, designType: unknown): PropertyShape['nestedIn'] {
    const { transformer, Type } = this.libraries;
    if (transformer.findTypeMetadata(type, property) === undefined && this.isConfigClass(designType)) {
      // What `@Type(() => Nested)` would say, TypeScript has said already.
      Type(() => designType)(type.prototype as object, property);
    }
    const metadata = transformer.findTypeMetadata(type, property);
    const discriminator = metadata?.options.discriminator;
    return (value, owner) => {
      const subType = discriminator?.subTypes.find(({ name }) => name === value[discriminator.property])?.value;
      const found: unknown = subType ?? metadata?.typeFunction({ newObject: {}, object: owner, property });
      return typeof found === 'function' && !BUILT_IN.includes(found) ? (found as ConfigClass) : undefined;
    };
  }

  private isConfigClass(type: unknown): type is ConfigClass {
    return typeof type === 'function' && !BUILT_IN.includes(type) && this.validationsOf(type as ConfigClass).length > 0;
  }

  private validationsOf(type: ConfigClass): ReturnType<ClassLibraries['validator']['getTargetValidationMetadatas']> {
    return this.libraries.validator.getTargetValidationMetadatas(type, '', false, false);
  }
}

type Accessors = ReadonlyMap<string, PropertyDescriptor>;

/** The getters and setters of a class and of those that it extends. */
function accessorsOf(type: ConfigClass): Accessors {
  const found = new Map<string, PropertyDescriptor>();
  let at = type.prototype as object | null;
  for (; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      const isAccessor = descriptor.get !== undefined || descriptor.set !== undefined;
      if (isAccessor && !found.has(name)) found.set(name, descriptor);
    }
  }
  return found;
}

function collectionOf(designType: unknown, defaultValue: unknown): PropertyShape['collection'] {
  if (designType === Array || Array.isArray(defaultValue)) return 'list';
  if (designType === Map || defaultValue instanceof Map) return 'map';
  return designType === Set || defaultValue instanceof Set ? 'set' : undefined;
}

/** `@ValidateNested` always has a message; it is class-validator's. */
function isOwnMessage({ message }: Validation): boolean {
  return (
    (message as unknown) !== undefined && !/^(?:each value in )?nested property \$property must/.test(String(message))
  );
}

function validatorsOf(
  own: readonly Validation[],
): Pick<PropertyShape, 'isValidated' | 'ofItems' | 'messages' | 'choices'> {
  const nameOf = (validation: Validation): string => validation.name ?? validation.type;
  const enums = own.find(({ name }) => name === 'isEnum');
  return {
    isValidated: own.length > 0,
    ofItems: new Set(own.filter(({ each }) => each).map(nameOf)),
    messages: new Map(own.filter(isOwnMessage).map((one) => [nameOf(one), one.message])),
    choices: enums && choicesOf(enums.constraints[0]),
  };
}

function designTypeOf(type: ConfigClass, property: string): unknown {
  const { getMetadata } = Reflect as { getMetadata?: (key: string, target: object, property: string) => unknown };
  return getMetadata?.('design:type', type.prototype as object, property);
}
