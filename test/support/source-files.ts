import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { inProject, projectText } from './project.js';

/** A file of the project, with what it imports. */
export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Files of the project, by path; those that are imported for their types too. */
  readonly imports: readonly string[];
  /** Packages and node's own modules, as the import says. */
  readonly packages: readonly string[];
  readonly tree: ts.SourceFile;
}

/** All files of a folder and its subfolders with one of these endings. */
export function sourceFiles(folder: string, ending = '.ts'): SourceFile[] {
  return readdirSync(inProject(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => posix.join(folder, entry.parentPath.slice(inProject(folder).length), entry.name))
    .sort()
    .map((path) => readSource(path));
}

/** Casts (`x as T`) outside functions and methods whose name begins with `parse`; `as const` is none. */
export function countCasts({ tree }: SourceFile): number {
  let count = 0;
  const visit = (node: ts.Node): void => {
    if (isParser(node)) return;
    if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) count++;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return count;
}

function isParser(node: ts.Node): boolean {
  const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
  return isFunction && node.name !== undefined && /^parse/.test(node.name.getText());
}

function readSource(path: string): SourceFile {
  const text = projectText(path);
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const specifiers: string[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) specifiers.push(specifier);
    ts.forEachChild(node, visit);
  };
  if (path.endsWith('.ts')) visit(tree);
  const isOwn = (specifier: string): boolean => specifier.startsWith('.');
  const pathOf = (specifier: string): string => posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  return {
    path,
    text,
    tree,
    imports: specifiers.filter(isOwn).map(pathOf),
    packages: specifiers.filter((specifier) => !isOwn(specifier)),
  };
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return textOf(node.arguments[0]);
  return undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}
