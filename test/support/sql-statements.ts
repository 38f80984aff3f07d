import path from 'node:path';
import ts from 'typescript';
import { ConstantTexts } from './constant-texts.js';

/** A property of the type that code gives to the rows of a statement. */
export interface RowProperty {
  readonly name: string;
  readonly isOptional: boolean;
  /** `string`, `number`, `null`, `Uint8Array`, ...: the parts of its type. */
  readonly kinds: readonly string[];
}

/** A place where the code runs SQL. */
export interface SqlCall {
  /** `file:line`. */
  readonly at: string;
  readonly file: string;
  /** What the statement can be; undefined when it depends on values. */
  readonly texts: readonly string[] | undefined;
  readonly method: string;
  /** Undefined when nobody says what is in the rows. */
  readonly row: readonly RowProperty[] | undefined;
}

const methods = ['run', 'get', 'all'];

/** The calls of the homeserver's `Database` in src/. */
export function sqlCalls(): readonly SqlCall[] {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const sources = fileNames.filter((file) => path.relative('src', file)[0] !== '.');
  const program = ts.createProgram(sources, { ...options, noEmit: true, incremental: false });
  const checker = program.getTypeChecker();
  const texts = new ConstantTexts(checker);
  const calls: SqlCall[] = [];
  for (const source of program.getSourceFiles()) {
    if (!sources.includes(source.fileName)) continue;
    const visit = (node: ts.Node): void => {
      const call = databaseCall(node, checker);
      if (call !== undefined) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        const file = path.relative('.', source.fileName);
        const [sql] = call.arguments;
        calls.push({
          method: call.expression.name.text,
          file,
          at: `${file}:${line + 1}`,
          texts: sql && texts.of(sql),
          row: rowOf(call, checker),
        });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return calls;
}

type MethodCall = ts.CallExpression & { readonly expression: ts.PropertyAccessExpression };

function databaseCall(node: ts.Node, checker: ts.TypeChecker): MethodCall | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const { name, expression } = node.expression;
  if (!methods.includes(name.text)) return undefined;
  return checker.getTypeAtLocation(expression).getSymbol()?.name === 'Database' ? (node as MethodCall) : undefined;
}

function rowOf(call: ts.CallExpression, checker: ts.TypeChecker): readonly RowProperty[] | undefined {
  const signature = checker.getResolvedSignature(call);
  if (signature === undefined) return undefined;
  const result = checker.getNonNullableType(checker.getReturnTypeOfSignature(signature));
  const row = checker.isArrayType(result) ? checker.getTypeArguments(result as ts.TypeReference)[0] : result;
  const isOpen = row === undefined || checker.getIndexTypeOfType(row, ts.IndexKind.String) !== undefined;
  if (isOpen || row.flags & ts.TypeFlags.TypeParameter) return undefined;
  return row.getProperties().map((property) => ({
    name: property.name,
    isOptional: (property.flags & ts.SymbolFlags.Optional) !== 0,
    kinds: kindsOf(checker.getTypeOfSymbol(property), checker),
  }));
}

function kindsOf(type: ts.Type, checker: ts.TypeChecker): readonly string[] {
  const parts = type.isUnion() ? type.types : [type];
  return [...new Set(parts.map((part) => kindOf(part, checker)))].filter((kind) => kind !== 'undefined').sort();
}

function kindOf(type: ts.Type, checker: ts.TypeChecker): string {
  // Branded IDs are intersections of a string and a mark.
  const parts = type.isIntersection() ? type.types : [type];
  const base = parts.map((part) => checker.getBaseTypeOfLiteralType(part));
  if (base.some((part) => part.flags & ts.TypeFlags.StringLike)) return 'string';
  if (base.some((part) => part.flags & ts.TypeFlags.NumberLike)) return 'number';
  return checker.typeToString(type).replace(/<.*$/, '');
}
