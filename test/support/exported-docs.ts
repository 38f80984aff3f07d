import path from 'node:path';
import ts from 'typescript';

/** An exported name with its TSDoc. */
export interface ExportedDoc {
  readonly name: string;
  /** `file:line` of the declaration. */
  readonly at: string;
  readonly text: string;
  /** The code of each `@example`. */
  readonly examples: readonly string[];
}

/** The names that an entry file exports, with the TSDoc of what they name. */
export function readExportedDocs(entry: string): readonly ExportedDoc[] {
  const program = ts.createProgram([entry], readCompilerOptions());
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} exports nothing`);
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    return {
      name: exported.name,
      at: placeOf(symbol),
      text: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      examples: symbol
        .getJsDocTags(checker)
        .filter((tag) => tag.name === 'example')
        .map((tag) => codeOf(ts.displayPartsToString(tag.text))),
    };
  });
}

/** Compiles texts as modules of this package, in one program; each problem as `name:line: message`. */
export function compileModules(modules: ReadonlyMap<string, string>): readonly string[] {
  const options: ts.CompilerOptions = {
    ...readCompilerOptions(),
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  };
  const texts = new Map([...modules].map(([name, text]) => [path.resolve('test', `${name}.example.ts`), text]));
  const onDisk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...onDisk,
    fileExists: (file) => texts.has(file) || onDisk.fileExists(file),
    readFile: (file) => texts.get(file) ?? onDisk.readFile(file),
    getSourceFile: (file, language, ...rest) => {
      const text = texts.get(file);
      return text === undefined
        ? onDisk.getSourceFile(file, language, ...rest)
        : ts.createSourceFile(file, text, language);
    },
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    if (diagnostic.file === undefined || diagnostic.start === undefined) return message;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    return `${path.basename(diagnostic.file.fileName, '.example.ts')}:${line + 1}: ${message}`;
  });
}

function readCompilerOptions(): ts.CompilerOptions {
  const config = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, process.cwd());
  return { ...options, incremental: false, noEmit: true };
}

function placeOf(symbol: ts.Symbol): string {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) return symbol.name;
  const file = declaration.getSourceFile();
  return `${path.relative(process.cwd(), file.fileName)}:${file.getLineAndCharacterOfPosition(declaration.getStart()).line + 1}`;
}

/** The code between the fences; a decorator's `@` is escaped in TSDoc. */
function codeOf(example: string): string {
  const fenced = /```ts\n(.*?)\n?```/s.exec(example);
  return (fenced?.[1] ?? example).replaceAll('\\@', '@');
}
