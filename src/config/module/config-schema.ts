import { type ConfigClass, type ClassLibraries, loadClassLibraries } from './class-libraries.js';
import { choicesOf } from './class-enum.js';
import { ClassShapes, type PropertyShape, type UnitsOf } from './class-shape.js';
import { type JsonSchema, unitSchemas } from '../values/json-schema.js';

/**
 * The JSON Schema of a module's `config`, from everything that the decorators of its class say.
 *
 * class-validator-jsonschema 5.2 was tried on a class with a property of each kind and cannot replace it. It knows properties
 * with a validator only, so that others, those of `@Duration` and `@ByteSize` among them, are missing; it names the properties,
 * not their keys; it requires every property without `@IsOptional`, with a default or not, and tells no default; a `Map` of
 * nested classes has the schema of one of them; the enum `{ A: 0, B: 1 }` is a string of "A", "B", 0 or 1; `@IsInt` with `@Min`
 * is any number; a wrong key is allowed. It also needs the private storage of class-transformer, and keeps classes by name, so
 * that those of two modules are mistaken for each other.
 */
export async function configSchema(type: ConfigClass, unitsOf: UnitsOf): Promise<JsonSchema> {
  const libraries = await loadClassLibraries();
  return new SchemaWriter(libraries, new ClassShapes(libraries, unitsOf)).ofClass(type, []);
}

type Validation = ReturnType<ClassLibraries['validator']['getTargetValidationMetadatas']>[number];

/** `ValidationTypes.CONDITIONAL`, without loading the library. */
const CONDITIONAL = 'conditionalValidation';

class SchemaWriter {
  constructor(
    private readonly libraries: ClassLibraries,
    private readonly shapes: ClassShapes,
  ) {}

  ofClass(type: ConfigClass, within: readonly ConfigClass[]): JsonSchema {
    // A class that holds itself has no end; editors do without its depths.
    if (within.includes(type)) return { type: 'object' };
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const shape of this.shapes.of(type).values()) {
      const validations = this.validationsOf(type, shape.property);
      properties[shape.key] = this.ofProperty(shape, validations, [...within, type]);
      const isOptional = validations.some((validation) => validation.type === CONDITIONAL);
      if (validations.length > 0 && !isOptional && shape.defaultValue === undefined) required.push(shape.key);
    }
    return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
  }

  private ofProperty(
    shape: PropertyShape,
    validations: readonly Validation[],
    within: readonly ConfigClass[],
  ): JsonSchema {
    const { defaultValue } = shape;
    const isPlain = ['string', 'number', 'boolean'].includes(typeof defaultValue) || Array.isArray(defaultValue);
    const described = { ...(isPlain && { default: defaultValue }) };
    if (shape.unit !== undefined) return { ...unitSchemas[shape.unit], ...described };
    const nested = shape.nestedIn({}, {});
    const own = keywordsOf(validations.filter((validation) => !validation.each));
    const ofItems = keywordsOf(validations.filter((validation) => validation.each));
    const value = nested === undefined ? {} : this.ofClass(nested, within);
    if (shape.collection === 'map') return { type: 'object', additionalProperties: { ...value, ...ofItems }, ...own };
    if (shape.collection !== undefined) {
      return { type: 'array', items: { ...value, ...ofItems }, ...own, ...described };
    }
    return { ...typeOf(shape), ...value, ...own, ...described };
  }

  private validationsOf(type: ConfigClass, property: string): readonly Validation[] {
    const all = this.libraries.validator.getTargetValidationMetadatas(type, '', false, false);
    return all.filter((validation) => validation.propertyName === property);
  }
}

function typeOf({ designType, defaultValue }: PropertyShape): JsonSchema {
  const types = new Map<unknown, string>([
    [String, 'string'],
    [Number, 'number'],
    [Boolean, 'boolean'],
  ]);
  const type =
    types.get(designType) ??
    types.get((defaultValue as { readonly constructor?: unknown } | null | undefined)?.constructor);
  return type === undefined ? {} : { type };
}

/** What the validators of class-validator mean in a schema, by their names; those that are not here say nothing. */
const KEYWORDS: Readonly<Record<string, (constraints: readonly unknown[]) => JsonSchema>> = {
  isString: () => ({ type: 'string' }),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isBoolean: () => ({ type: 'boolean' }),
  isArray: () => ({ type: 'array' }),
  isObject: () => ({ type: 'object' }),
  isNotEmpty: () => ({ minLength: 1 }),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isNegative: () => ({ exclusiveMaximum: 0 }),
  isDivisibleBy: ([multipleOf]) => ({ multipleOf }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  isLength: ([minLength, maxLength]) => ({ minLength, ...(maxLength !== undefined && { maxLength }) }),
  matches: ([pattern]) => (pattern instanceof RegExp ? { pattern: pattern.source } : {}),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([entity]) => ({ enum: choicesOf(entity).map(({ value }) => value) }),
  equals: ([value]) => ({ const: value }),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
  arrayNotEmpty: () => ({ minItems: 1 }),
  arrayUnique: () => ({ uniqueItems: true }),
  isUrl: () => ({ type: 'string', format: 'uri' }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
};

function keywordsOf(validations: readonly Validation[]): JsonSchema {
  const keywords = validations.map(({ name, constraints }) =>
    name === undefined ? {} : (KEYWORDS[name]?.((constraints as readonly unknown[] | undefined) ?? []) ?? {}),
  );
  return Object.assign({}, ...keywords) as JsonSchema;
}
