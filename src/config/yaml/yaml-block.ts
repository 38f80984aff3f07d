/** Where a block is: the text of the file, its line breaks `\n`, and the offset of the `|` or `>`. */
export interface BlockPlace {
  readonly text: string;
  readonly start: number;
  /** How far the collection is indented that the block is in. */
  readonly parentIndent: number;
}

/**
 * What a block stands for, as PyYAML reads it: a line of spaces that goes deeper than the block is a part of it, also at its end, and the
 * last line has a line break only where the file has one. The `yaml` package reads these in another way.
 */
export function blockText({ text, start, parentIndent }: BlockPlace): string {
  const header = /([|>])([-+]?)([1-9]?)([-+]?)[^\n]*\n?/y;
  header.lastIndex = start;
  const [, sign, before = '', digit, after = ''] = header.exec(text) ?? [];
  const indent =
    parentIndent + (digit === '' ? Math.max(1, deepest(text, header.lastIndex) - parentIndent) : Number(digit));
  const reader = new BlockReader(text, indent, header.lastIndex);
  return reader.read(sign === '>', before + after);
}

/** How far the first line is indented, or an empty one before it that goes further. */
function deepest(text: string, at: number): number {
  const spaces = /[ \n]*/y;
  spaces.lastIndex = at;
  return Math.max(...(spaces.exec(text)?.[0] ?? '').split('\n').map((line) => line.length));
}

class BlockReader {
  constructor(
    private readonly text: string,
    private readonly indent: number,
    private at: number,
  ) {}

  read(isFolded: boolean, chomping: string): string {
    let value = this.emptyLines();
    let lineBreak = '';
    let empty = '';
    if (!this.hasLine()) return chomping === '+' ? value : '';
    for (;;) {
      const line = this.line();
      value += line;
      lineBreak = this.lineBreak();
      empty = this.emptyLines();
      if (!this.hasLine()) break;
      const isJoined = isFolded && !isDeeper(line) && !isDeeper(this.text[this.at + this.indent] ?? '');
      value += isJoined ? empty || ' ' : lineBreak + empty;
    }
    if (chomping === '-') return value;
    return value + lineBreak + (chomping === '+' ? empty : '');
  }

  /** Whether something stands on this line as deep as the block, and be it spaces. */
  private hasLine(): boolean {
    const from = this.at + this.indent;
    return from < this.text.length && this.text.slice(this.at, from) === ' '.repeat(this.indent);
  }

  private line(): string {
    const from = this.at + this.indent;
    const end = this.text.indexOf('\n', from);
    this.at = end < 0 ? this.text.length : end;
    return this.text.slice(from, this.at);
  }

  private lineBreak(): string {
    if (this.at === this.text.length) return '';
    this.at++;
    return '\n';
  }

  /** The line breaks of lines on which nothing goes deeper than the block. */
  private emptyLines(): string {
    let count = 0;
    for (;;) {
      let end = this.at;
      while (end < this.at + this.indent && this.text[end] === ' ') end++;
      if (this.text[end] !== '\n') return '\n'.repeat(count);
      this.at = end + 1;
      count++;
    }
  }
}

/** Whether a line goes deeper than its block, so that it is never joined with another one. */
function isDeeper(line: string): boolean {
  return line.startsWith(' ') || line.startsWith('\t');
}
