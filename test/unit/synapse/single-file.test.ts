import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinModules } from '../../../src/synapse/python/single-file.js';

const entry = '"""A package."""\n\nfrom .upper import run\n\n__all__ = ["run"]\n';
const lower = `"""What is below.

More of it.
"""

from __future__ import annotations

import os

# As it is.
from other import thing as thing  # type: ignore[attr-defined]
from typing import Any, Final

LIMIT: Final = 1
`;
const upper = `"""What is above."""

import os
from typing import Final

from .lower import (
    LIMIT,
)

TWICE: Final = 2 * LIMIT


def run() -> None:
    os.nice(TWICE)
`;

function joined(modules: Readonly<Record<string, string>>): string {
  return joinModules(
    new Map(Object.entries({ '__init__.py': entry, 'lower.py': lower, 'upper.py': upper, ...modules })),
  );
}

test('modules come after those that they import, with each import of other packages once', () => {
  assert.equal(
    joined({}),
    `"""A package."""

from __future__ import annotations

import os
from typing import (
    Any,
    Final,
)
# As it is.
from other import thing as thing  # type: ignore[attr-defined]

__all__ = ["run"]

# ---- lower: What is below

LIMIT: Final = 1

# ---- upper: What is above

TWICE: Final = 2 * LIMIT


def run() -> None:
    os.nice(TWICE)
`,
  );
});

const refused: readonly (readonly [why: RegExp, modules: Readonly<Record<string, string>>])[] = [
  [
    /LIMIT is a name in upper and in lower/,
    { 'lower.py': `${lower}\n\ndef LIMIT() -> None: ...\n`, 'upper.py': upper.replace('TWICE', 'LIMIT') },
  ],
  [/os is a name in upper/, { 'upper.py': `${upper}\n\nclass os:\n    pass\n` }],
  [/Final is imported from two packages/, { 'upper.py': upper.replace('from typing', 'from words') }],
  [
    /modules import each other: \S+ > upper > lower > upper|modules import each other/,
    { 'lower.py': lower.replace('import os', 'from .upper import run') },
  ],
  [/under another name/, { 'upper.py': upper.replace('    LIMIT,', '    LIMIT as MOST,') }],
  [
    /imports a module of the package/,
    { 'upper.py': upper.replace('from .lower import (\n    LIMIT,\n)', 'from . import lower') },
  ],
  [/no module absent/, { 'upper.py': upper.replace('.lower', '.absent') }],
  [/bare\.py does not begin with a docstring/, { 'bare.py': 'import os\n' }],
];

test('what one file cannot say is refused', () => {
  for (const [why, modules] of refused) assert.throws(() => joined(modules), why);
});
