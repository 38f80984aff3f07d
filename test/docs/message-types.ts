import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { oneLine } from './one-line.js';

/** What the source says of the types of a message. */
export interface MessageTypes {
  readonly params: string;
  /** Absent for a notice. */
  readonly result?: string;
}

/** The parameters and results in the table `messages` of `src/synapse/protocol/protocol.ts`, by name of the message. */
export function readMessageTypes(): ReadonlyMap<string, MessageTypes> {
  const source = parse('src/synapse/protocol/protocol.ts');
  const types = new Map<string, MessageTypes>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isCallExpression(node.initializer)) {
      const [, params, result] = node.initializer.typeArguments ?? [];
      const name = node.name.getText(source).replaceAll("'", '');
      if (params !== undefined) {
        types.set(name, {
          params: textOf(params, source),
          ...(result !== undefined && { result: textOf(result, source) }),
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return types;
}

/** The declarations of `src/synapse/protocol/wire-values.ts`, as they are written. */
export function readWireValues(): string {
  const source = parse('src/synapse/protocol/wire-values.ts');
  return source.statements
    .filter((statement) => ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    .map((statement) =>
      statement
        .getFullText(source)
        .replace(/^\s*\/\*[^*][\s\S]*?\*\/\s*/, '')
        .trim(),
    )
    .join('\n\n');
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
}

function textOf(node: ts.Node, source: ts.SourceFile): string {
  const text = node.getText(source).replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
  return oneLine(text.replaceAll('readonly ', '')).replaceAll(/;? \}/g, ' }');
}
