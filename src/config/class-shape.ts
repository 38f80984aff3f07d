import type { ClassLibraries, ConfigClass } from './class-libraries.js';
import type { Mapping } from './readers.js';

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
  readonly defaultValue: unknown;
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
    const names = new Set([
      ...Object.keys(defaults),
      ...validations.map((validation) => validation.propertyName),
      ...transformer.getExposedProperties(type, PLAIN_TO_CLASS),
      ...units.keys(),
    ]);
    return [...names]
      .filter((name) => !excluded.includes(name))
      .map((property) => {
        const designType = designTypeOf(type, property);
        const own = validations.filter((validation) => validation.propertyName === property);
        const nestedIn = this.nestedClass(type, property, designType);
        return {
          property,
          key: transformer.findExposeMetadata(type, property)?.options.name ?? yamlKey(property),
          unit: units.get(property),
          designType,
          nestedIn,
          isClassMissing: own.some((one) => one.type === 'nestedValidation') && nestedIn({}, {}) === undefined,
          isTyped: transformer.findTypeMetadata(type, property) !== undefined,
          isTransformed: transformer.findTransformMetadatas(type, property, PLAIN_TO_CLASS).length > 0,
          isValidated: own.length > 0,
          defaultValue: defaults[property],
        };
      });
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

/** The key that picks the class of a nested value, where several are possible; it belongs to no property. */
export function discriminatorOf(libraries: ClassLibraries, type: ConfigClass, property: string): string | undefined {
  return libraries.transformer.findTypeMetadata(type, property)?.options.discriminator?.property;
}

/** `banned_words` of `bannedWords`. */
function yamlKey(property: string): string {
  return property
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

function designTypeOf(type: ConfigClass, property: string): unknown {
  const { getMetadata } = Reflect as { getMetadata?: (key: string, target: object, property: string) => unknown };
  return getMetadata?.('design:type', type.prototype as object, property);
}
