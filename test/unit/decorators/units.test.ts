import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteSize } from '../../../src/decorators/byte-size.js';
import { Duration } from '../../../src/decorators/duration.js';
import { readUnits } from '../../../src/metadata/unit-record.js';

const integerError = (text: string) => ({
  type: 'ValueError',
  message: `invalid literal for int() with base 10: '${text}'`,
});
const suffixError = (text: string) => ({
  type: 'TypeError',
  message: `Bad duration suffix ${text} (expected no suffix or one of these suffixes: dict_keys(['s', 'm', 'h', 'd', 'w', 'y']))`,
});

/** Taken from `Config.parse_duration` and `Config.parse_size` of Synapse 1.163.2. */
const durations: readonly (readonly [unknown, number | object])[] = [
  [0, 0],
  [90_000, 90_000],
  [-5, -5],
  ['1000', 1000],
  ['90s', 90_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['5d', 432_000_000],
  ['1w', 604_800_000],
  ['1y', 31_536_000_000],
  ['-1s', -1000],
  ['+1s', 1000],
  [' 1 s', 1000],
  ['1_000s', 1_000_000],
  ['0', 0],
  ['5D', suffixError('5D')],
  ['5ms', integerError('5m')],
  ['1.5d', integerError('1.5')],
  ['s', integerError('')],
  ['5 ', suffixError('5 ')],
  ['x5', integerError('x5')],
  ['1__0s', integerError('1__0')],
  ['0x10', integerError('0x10')],
  ['', { type: 'IndexError' }],
  [true, { type: 'TypeError', message: 'Bad duration type True (expected int or string duration)' }],
  [null, { type: 'TypeError', message: 'Bad duration type None (expected int or string duration)' }],
  [1.5, { type: 'TypeError', message: 'Bad duration type 1.5 (expected int or string duration)' }],
  [['5d'], { type: 'TypeError' }],
  ['999999999999999y', { type: 'ValueError' }],
];
const sizes: readonly (readonly [unknown, number | object])[] = [
  [0, 0],
  [10, 10],
  ['10', 10],
  ['1K', 1024],
  ['10M', 10_485_760],
  ['1G', 1_073_741_824],
  ['2T', 2_199_023_255_552],
  ['-1K', -1024],
  [' 1 K', 1024],
  ['5 ', 5],
  ['10k', integerError('10k')],
  ['10MB', integerError('10MB')],
  ['1.5M', integerError('1.5')],
  ['M', integerError('')],
  ['', { type: 'IndexError' }],
  [false, { type: 'TypeError', message: 'Bad byte size False' }],
  [undefined, { type: 'TypeError', message: 'Bad byte size None' }],
];

for (const [title, unit, table] of [
  ['a duration', Duration, durations],
  ['a byte size', ByteSize, sizes],
] as const) {
  describe(title, () => {
    const parse = unit.parse as (value: unknown) => number;
    for (const [text, expected] of table) {
      it(`${JSON.stringify(text)} is ${typeof expected === 'number' ? expected : 'refused'}`, () => {
        if (typeof expected === 'number') assert.equal(parse(text), expected);
        else assert.throws(() => parse(text), { name: 'HostError', ...expected });
      });
    }
  });
}

describe('for any number', () => {
  const factors = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

  it('a duration with a suffix is so many of its unit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.constantFrom(...Object.entries(factors)),
        (count, [suffix, factor]) => {
          assert.equal(Duration.parse(`${count}${suffix}`), count * factor);
          assert.equal(Duration.parse(count), count);
          assert.equal(Duration.parse(String(count)), count);
        },
      ),
    );
  });

  it('a byte size with a suffix is 1024 times the one before', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 3 }), (count, power) => {
        assert.equal(ByteSize.parse(`${count}${'KMGT'.charAt(power)}`), count * 1024 ** (power + 1));
      }),
    );
  });

  it('nothing else than a number comes out, or one of the errors of Synapse', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const unit of [Duration, ByteSize]) {
          try {
            assert.ok(Number.isSafeInteger((unit.parse as (value: unknown) => number)(value)));
          } catch (error) {
            assert.match(String((error as { type?: unknown }).type), /^(TypeError|ValueError|IndexError)$/);
          }
        }
      }),
    );
  });
});

describe('a property of a configuration class', () => {
  it('is recorded with its unit, those of base classes included', () => {
    class Base {
      @Duration() wait = 0;
      @Duration() changed = 0;
    }
    class Config extends Base {
      @ByteSize() limit = ByteSize.parse('10M');
      @ByteSize() override changed = 0;
      plain = 1;
    }
    assert.deepEqual(
      [...readUnits(Config)],
      [
        ['wait', 'duration'],
        ['changed', 'byte_size'],
        ['limit', 'byte_size'],
      ],
    );
    assert.deepEqual([...readUnits(Base).keys()], ['wait', 'changed']);
  });
});
