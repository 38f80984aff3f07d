import { didYouMean } from '../errors/nearest-name.js';
import { isJsonObject } from '../matrix/json.js';

type Fields = Readonly<Record<string, unknown>>;

/** The forms of a provider, with the options that each has beside those of all. */
const forms: Readonly<Record<string, readonly string[]>> = {
  useClass: ['scope', 'isShared'],
  useFactory: ['scope', 'isShared'],
  useExisting: [],
  useValue: [],
};

const kinds = 'must be a class, a ContainerModule, or { provide, useClass | useValue | useFactory | useExisting }';

/** What is wrong with a value, or undefined. */
const tests: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  provide: (value) =>
    ['function', 'string', 'symbol'].includes(typeof value) ? undefined : 'must be a class, a string or a symbol',
  useExisting: (value) => tests['provide']?.(value),
  useClass: (value) => (typeof value === 'function' && value.prototype !== undefined ? undefined : 'must be a class'),
  useFactory: (value) => (typeof value === 'function' ? undefined : 'must be a function'),
  name: (value) =>
    ['string', 'number', 'symbol'].includes(typeof value) ? undefined : 'must be a string, a number or a symbol',
  tags: (value) => (isJsonObject(value) ? undefined : 'must be an object: { strict: true }'),
  scope: (value) =>
    typeof value === 'string' && ['singleton', 'transient', 'call'].includes(value)
      ? undefined
      : 'must be "singleton", "transient" or "call"',
  isShared: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
};

/** Every fault of the `services` of a module. */
export function servicesProblems(services: unknown): readonly string[] {
  if (!Array.isArray(services)) return ['services must be an array'];
  return services.flatMap((service: unknown, index) =>
    serviceProblems(service).map((problem) => `services[${String(index)}]${problem}`),
  );
}

function serviceProblems(service: unknown): readonly string[] {
  if (typeof service === 'function') return service.prototype === undefined ? [` ${kinds}`] : [];
  if (typeof service !== 'object' || service === null) return [` ${kinds}`];
  if ('load' in service && typeof service.load === 'function') return [];
  const fields = service as Fields;
  const [form, second] = Object.keys(forms).filter((name) => name in fields);
  if (form === undefined || !('provide' in fields)) return [` ${kinds}`];
  if (second !== undefined) return [` has ${form} and ${second}; give one of them`];
  return [
    ...Object.entries(fields).flatMap(([name, value]) => fieldProblems(name, value, form)),
    ...sharedProblems(fields),
  ];
}

function fieldProblems(name: string, value: unknown, form: string): readonly string[] {
  const known = ['provide', 'name', 'tags', form, ...(forms[form] ?? [])];
  if (!known.includes(name)) {
    const isOther = name in tests;
    return [
      isOther ? `: ${name} means nothing with ${form}` : `: there is no option "${name}".${didYouMean(name, known)}`,
    ];
  }
  const problem = value === undefined && name !== form && name !== 'provide' ? undefined : tests[name]?.(value);
  return problem === undefined ? [] : [`.${name} ${problem}`];
}

function sharedProblems({ isShared, scope }: Fields): readonly string[] {
  const isBoth = isShared === true && (scope === 'transient' || scope === 'call');
  return isBoth ? [`: what is shared is made once, so scope cannot be "${scope}"`] : [];
}
