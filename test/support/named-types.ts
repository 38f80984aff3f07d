import path from 'node:path';
import ts from 'typescript';

/** A type that a public declaration speaks of, and no entry exports. */
export interface Unexported {
  /** The exported name whose declaration it stands in. */
  readonly of: string;
  readonly type: string;
}

/**
 * Types of this project in the declarations of what an entry exports that can be imported neither from it nor from the entries
 * `beside` it. Entries are declaration files: what is private has no type there, and what is inferred has. Base classes, what `typeof`
 * asks of, and types that no other file can name are read as if what they hold stood in their place. What is `@internal` is not for authors.
 */
export function unexportedTypes(entry: string, beside: readonly string[] = []): readonly Unexported[] {
  const files = [entry, ...beside].map((file) => path.resolve(file));
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
  };
  const program = ts.createProgram(files, { ...options, skipLibCheck: true });
  const [own, ...others] = files.map((file) => exportsOf(program, file));
  if (own === undefined) throw new Error(`${entry} is not read`);
  const known = new Set([own, ...others].flatMap((each) => [...each.values()]));
  return [...own].flatMap(([name, symbol]) => {
    const reader = new SignatureReader(program.getTypeChecker(), known);
    reader.read(symbol);
    return [...reader.unexported].map((type) => ({ of: name, type: type.name }));
  });
}

/** The names of an entry, with what they are aliases of. */
function exportsOf(program: ts.Program, file: string): ReadonlyMap<string, ts.Symbol> {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} exports nothing`);
  return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, original(symbol, checker)]));
}

/** Follows what type positions name: references, base classes and interfaces, `typeof` and `import()` types. */
class SignatureReader {
  readonly unexported = new Set<ts.Symbol>();
  private readonly seen = new Set<ts.Symbol>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly known: ReadonlySet<ts.Symbol>,
  ) {}

  read(symbol: ts.Symbol): void {
    if (this.seen.has(symbol)) return;
    this.seen.add(symbol);
    for (const declaration of (symbol.declarations ?? []).filter(isOfProject)) this.visit(declaration);
  }

  private visit(node: ts.Node): void {
    if (ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'internal')) return;
    // What a class implements, it declares itself.
    if (ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ImplementsKeyword) return;
    if (ts.isTypeReferenceNode(node)) this.take(node.typeName);
    else if (ts.isExpressionWithTypeArguments(node)) this.take(node.expression, true);
    else if (ts.isTypeQueryNode(node)) this.take(node.exprName, true);
    else if (ts.isImportTypeNode(node) && node.qualifier !== undefined) this.take(node.qualifier);
    ts.forEachChild(node, (child) => {
      this.visit(child);
    });
  }

  private take(name: ts.Node, isSpelledOut = false): void {
    const named = this.checker.getSymbolAtLocation(name);
    if (named === undefined || named.flags & ts.SymbolFlags.TypeParameter) return;
    const symbol = original(named, this.checker);
    const declarations = symbol.declarations ?? [];
    if (this.known.has(symbol) || !declarations.some(isOfProject)) return;
    if (isSpelledOut || declarations.every(isLocal)) this.read(symbol);
    else this.unexported.add(symbol);
  }
}

function isLocal(node: ts.Node): boolean {
  const isType = ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node);
  return isType && !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function original(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function isOfProject(node: ts.Node): boolean {
  return !node.getSourceFile().fileName.includes('/node_modules/') && !ts.isSourceFile(node);
}
