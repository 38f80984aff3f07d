import fc from 'fast-check';

/** Scalars of every odd form, as they stand in a text. */
const oddScalars =
  `0891234567|08123|0o17|017|0x1F|0b101|0_|0x_|0b_|1_000|_1|190:20:30|09:30|9:30|1:60|1:2.5|1e3|1.e+3|1.5e3|1.5e-3|.5|-.5|+.inf|-.INF|.NaN|.Inf|-.nan
yes|No|ON|off|y|n|Y|TRUE|tRUE|~|Null|nULL|null|=|<<|- |-|--|+|+1|-0|-0.0|0.0|00|1.|1..2|1,2|12e03|0.1_2|1__0|--1|+-1|685_230.15|6_8523_0.15e+03
2026-01-31|2026-1-3|2026-02-30|2026-13-01|0000-01-01|2001-12-14t21:59:43.10-05:00|2001-12-14 21:59:43.10 -5|2001-12-15 2:59:43.10|2001-12-14T21:59:43.123456789Z
2001-12-14T24:00:00Z|2001-12-14T23:60:00|2001-12-14 21:59:43 +24:00|2001-12-14 21:59:43 +23:59|1969-12-31 23:59:59.9999|0050-01-01 00:00:00|9999-12-31T23:59:59-23:00|2001-12-14 21:59
9007199254740991|9007199254740992|-9007199254740993|1093847562019384757|1e400|1.0e+400|123456789012345678901234567890.5
a b|a#b|a #b|a:b|a: b|:a|::|?a|-a|@a|\`a|%a|!a|! a|! 5|! "5"|&x a|*x|*y|é|日本|a,b|a]b|[|]|{|}|[]|{}|[a, b]|{a: 1}|{a}|[a: b]|[,]|[a,,b]|{? a : b}|''|""|"\\\\x41"|"\\\\u00e9\\\\N\\\\_\\\\L"|"\\\\q"|'it''s'|"a\\\\/b"
!!float 1|!!float 1e3|!!float x|!!float inf|!!float "-nan"|!!float ""|!!float 1:30|!!int "3"|!!int 3.5|!!int ""|!!int " 7 "|!!int 0o17|!!int 0b2|!!str 5|!!str|!!str yes|!!str [a]|!!bool yes|!!bool YeS|!!bool x|!!null x|!!null
!!set {x, y}|!!set {x, x}|!!set [x]|!!set {1: a}|!!binary aGk=|!!binary "aGk"|!!binary a|!!binary "a Gk = ="|!!binary é|!!timestamp 2026-01-31|!!timestamp x|!!timestamp 2001-1-1
!!omap [a: 1, b: 2]|!!omap {a: 1}|!!omap [a]|!!omap [{a: 1, b: 2}]|!!pairs [a: 1, a: 2]|!!pairs [[a]: 1]|!!seq [a]|!!seq {a: 1}|!!map {a: 1}|!!map [a]|!!python/tuple [1]|!local x|!<tag:yaml.org,2002:str> 5|!!str {=: 5}|!!int {=: 5}|!!merge x|!!value x`
    .replaceAll('\\\\', '\\')
    .split(/[|\n]/);

const numberLike = fc.string({
  unit: fc.constantFrom(...'0123456789_.:+-eExobTZ'.split('')),
  minLength: 1,
  maxLength: 9,
});

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: length, maxLength: length });
const dateLike = fc
  .tuple(
    digits(4),
    fc.constantFrom('1', '02', '11', '13'),
    fc.constantFrom('1', '28', '29', '30', '31'),
    fc.boolean(),
    fc.tuple(
      fc.constantFrom('T', 't', ' ', '  '),
      fc.constantFrom('0', '07', '23', '24'),
      fc.constantFrom('00', '59', '60'),
      fc.constantFrom('', '.', '.5', '.1234567'),
      fc.constantFrom('', 'Z', ' Z', '+1', '-05:30', ' +23:59', '+24', '+1:5', '+99:99'),
    ),
  )
  .map(([y, m, d, isTime, [t, h, s, f, z]]) => `${y}-${m}-${d}${isTime ? `${t}${h}:30:${s}${f}${z}` : ''}`);

const breaks = fc.constantFrom('\n', '\n', '\n', '\n', '\r\n', '\r', '\x85', '\u2028', '\u2029', '\n\n', '\n \n');
const pieces = fc.constantFrom(
  'a',
  'b c',
  ' ',
  '  ',
  '\t',
  '#',
  ' #x',
  ': ',
  ':',
  ',',
  '\\n',
  '\\',
  "'",
  "''",
  '\\"',
  '\\x41',
  '\\u2028',
  '\\\n',
  '---',
  '\n---\n',
  'é',
  '\u{1f600}',
  '\\ud800',
  '\\U0001f600',
  '\x07',
  '\uFEFF',
  '\\x4',
);
const quoted = fc
  .tuple(
    fc.constantFrom("'", '"'),
    fc.array(fc.oneof({ arbitrary: pieces, weight: 4 }, { arbitrary: breaks.map((one) => `${one}  `), weight: 1 }), {
      maxLength: 5,
    }),
  )
  .map(([quote, parts]) => `${quote}${parts.join('')}${quote}`);

const scalar = fc.oneof(
  { arbitrary: fc.constantFrom(...oddScalars), weight: 6 },
  { arbitrary: numberLike, weight: 3 },
  { arbitrary: dateLike, weight: 1 },
  { arbitrary: quoted, weight: 2 },
);

const anchored = fc
  .tuple(
    fc.constantFrom(
      '',
      '',
      '',
      '',
      '',
      '',
      '&x ',
      '&y ',
      '!!str ',
      '!!int ',
      '!!float ',
      '!!timestamp ',
      '&x !!str ',
      '!!str &x ',
    ),
    scalar,
  )
  .map(([before, text]) => before + text);

const keyText = fc.oneof(
  { arbitrary: fc.constantFrom('a', 'b', 'name', 'other', 'key one'), weight: 8 },
  {
    arbitrary: fc.constantFrom(
      '<<',
      '"<<"',
      '1',
      '01',
      '1.5',
      '1.50',
      'yes',
      'true',
      'null',
      '~',
      '=',
      '2026-01-31',
      '? a\n',
      '"q"',
      '!!str 5',
      '&k k',
      '*x',
      '[a]',
      '',
      '.inf',
      '-7',
      '1_0',
      '!!null',
      "'a'",
    ),
    weight: 2,
  },
);

/** A scalar after `|` or `>`. */
const block = fc
  .tuple(
    fc.constantFrom('|', '>'),
    fc.constantFrom('', '', '-', '+', '2', '1', '+1', '2-', '2+', '1-', '0', '-+', ' # c', 'x'),
    fc.array(fc.tuple(fc.constantFrom('', '', ' ', '   ', '\t'), fc.constantFrom('a', 'b: c', '# d', '', '- e')), {
      maxLength: 4,
    }),
    // Lines of spaces at the end, deeper than the block or not.
    fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    breaks,
  )
  .map(([sign, indicators, lines, spaces, lineBreak]) => (indent: string) => {
    const written = [
      ...lines.map(([more, text]) => `${indent} ${more}${text}`),
      ...spaces.map((one) => ' '.repeat(one)),
    ];
    return `${sign}${indicators}${written.map((line) => lineBreak + line).join('')}`;
  });

type Written = (indent: string) => string;

const { value } = fc.letrec<{ value: Written; flow: Written; mapping: Written; sequence: Written }>((tie) => ({
  flow: fc.oneof(
    {
      arbitrary: fc.array(tie('value'), { maxLength: 3 }).map(
        (items): Written =>
          () =>
            `[${items.map((item) => item('')).join(', ')}]`,
      ),
      weight: 1,
    },
    {
      arbitrary: fc.array(fc.tuple(keyText, tie('value')), { maxLength: 3 }).map(
        (pairs): Written =>
          () =>
            `{${pairs.map(([key, item]) => `${key}: ${item('')}`).join(', ')}}`,
      ),
      weight: 1,
    },
  ),
  mapping: fc
    .tuple(
      fc.array(fc.tuple(keyText, tie('value')), { minLength: 1, maxLength: 4 }),
      breaks,
      fc.constantFrom('', '', '', '', '&x', '!!map', '!!set', '!!omap'),
    )
    .map(
      ([pairs, lineBreak, before]): Written =>
        (indent) =>
          `${before}${pairs.map(([key, item]) => `${lineBreak}${indent}${key}: ${item(`${indent}  `)}`).join('')}`,
    ),
  sequence: fc
    .tuple(
      fc.array(tie('value'), { minLength: 1, maxLength: 4 }),
      breaks,
      fc.constantFrom('', '', '', '', '&y', '!!seq', '!!omap', '!!pairs'),
    )
    .map(
      ([items, lineBreak, before]): Written =>
        (indent) =>
          `${before}${items.map((item) => `${lineBreak}${indent}- ${item(`${indent}  `)}`).join('')}`,
    ),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    {
      arbitrary: anchored.map(
        (text): Written =>
          () =>
            text,
      ),
      weight: 6,
    },
    { arbitrary: block, weight: 1 },
    { arbitrary: tie('flow'), weight: 1 },
    { arbitrary: tie('mapping'), weight: 2 },
    { arbitrary: tie('sequence'), weight: 1 },
  ),
}));

const emptyKeys = ['? ', '? , a', ': a', ':', '"": b', "''", 'a', '~', '!!str : 1', '&x : a', '? a', 'b: c'];
/** Sets, maps and pairs with keys of which nothing is written. */
const emptyKeyed = fc
  .tuple(
    fc.constantFrom('!!set', '!!set', '!!set', '!!omap', '!!map', ''),
    fc.array(fc.constantFrom(...emptyKeys), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('{', '[', '\n', '\n- '),
  )
  .map(([tag, keys, open]) => {
    if (open === '{' || open === '[') return `${tag} ${open}${keys.join(', ')}${open === '{' ? '}' : ']'}\n`;
    return `${tag}${keys.map((key) => `${open}${key.replace(', ', '\n')}`).join('')}\n`;
  });

/** Documents of hardly anything, and their ends. */
const nearlyEmpty = fc
  .tuple(
    fc.array(fc.constantFrom('# c', '', ' ', '...', '...', '... # d', ' ...', '...x', '---', 'x: 1', '%YAML 1.1'), {
      maxLength: 5,
    }),
    fc.constantFrom('', '\n'),
  )
  .map(([lines, end]) => lines.join('\n') + end);

const merging = fc
  .tuple(
    fc.constantFrom('a', 'ab', 'é', '日', ''),
    anchored,
    anchored,
    fc.constantFrom(
      '*a',
      '[*a, *b]',
      '[*b, *a]',
      '{a: 7, ab: 8}',
      '[*a, {ab: 1}]',
      '*c',
      '5',
      '[*a, 5]',
      '!!map {ab: 2}',
      '*b\n  <<: *a',
    ),
  )
  .map(
    ([key, one, two, from]) =>
      `a: &a\n  ${key}: ${one}\n  ab: 1\nb: &b\n  "${key}": ${two}\n  ab: 2\nc:\n  ab: 3\n  <<: ${from}\n`,
  );

const wrapped = fc
  .tuple(
    fc.constantFrom(
      '',
      '',
      '',
      '',
      '\uFEFF',
      '%YAML 1.1\n---\n',
      '%YAML 1.2\n--- ',
      '%YAML 2.0\n---\n',
      '%FOO bar\n---\n',
      '%TAG !e! tag:yaml.org,2002:\n--- !e!str\n',
      '---\n',
      '# c\n',
      '\n',
      '--- ',
    ),
    value,
    fc.constantFrom('', '\n', '\n...\n', '\n---\n', ' # c\n', '\n# c', '\n...\nx: 1'),
  )
  .map(([before, text, after]) => `${before}${text('').replace(/^\n/, '')}${after}`);

/** A key with one odd value: whatever is refused is refused there. */
export const oddMember = 'odd';
const member = fc.oneof(anchored, scalar).map((text) => `even: 1\n${oddMember}: ${text}\nlast: z\n`);

const special = '\t\r\n  \x85\u2028\uFEFF:,[]{}#&*!|>\'"%@`-?=<~a0';
const mutated = fc
  .tuple(
    fc.oneof(wrapped, merging),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 }), fc.constantFrom(...special.split(''), '')), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((edited, [at, removed, added]) => {
      const index = at % (edited.length + 1);
      return edited.slice(0, index) + added + edited.slice(index + removed);
    }, text),
  );

/** YAML texts, right and wrong, that reach every rule of YAML 1.1. */
export const yamlTexts: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: member, weight: 4 },
  { arbitrary: wrapped, weight: 3 },
  { arbitrary: merging, weight: 1 },
  { arbitrary: mutated, weight: 4 },
  { arbitrary: emptyKeyed, weight: 1 },
  { arbitrary: nearlyEmpty, weight: 1 },
  { arbitrary: block.map((text) => `k: ${text('')}\nlast: z\n`), weight: 1 },
  { arbitrary: block.map((text) => `k:\n  - ${text('  ')}`), weight: 1 },
);
