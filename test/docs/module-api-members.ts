import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** A method or property of `ModuleApi` as the source has it. */
export interface ApiMember {
  readonly name: string;
  /** As it is written, comments included. */
  readonly type: string;
  /** Its documentation without tags. */
  readonly comment: string;
  readonly throws: readonly string[];
  readonly deprecated?: string;
  /** The code between the fences of `@example`. */
  readonly examples: readonly string[];
}

/** The members of an interface in `src/module-api`, in order. */
export function readMembers(file: string, name: string): readonly ApiMember[] {
  const path = `src/module-api/${file}.ts`;
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (found === undefined) throw new Error(`${path} has no interface ${name}`);
  return found.members.filter(ts.isPropertySignature).map((member) => readMember(member, source));
}

function readMember(member: ts.PropertySignature, source: ts.SourceFile): ApiMember {
  const tags = (name: string): readonly string[] =>
    ts
      .getJSDocTags(member)
      .filter((tag) => tag.tagName.text === name)
      .map((tag) => textOf(tag.comment));
  const [deprecated] = tags('deprecated');
  const doc = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc);
  return {
    name: member.name.getText(source),
    type: (member.type?.getText(source) ?? '').replaceAll(/\n {2}/g, '\n'),
    comment: textOf(doc?.comment),
    throws: tags('throws').map((text) => text.replaceAll(/\s*\n\s*/g, ' ')),
    ...(deprecated !== undefined && { deprecated }),
    examples: tags('example').map((text) => /```ts\n(.*?)\n?```/s.exec(text)?.[1] ?? ''),
  };
}

/** Lines of a paragraph become one. */
function textOf(comment: Parameters<typeof ts.getTextOfJSDocComment>[0]): string {
  const text = ts.getTextOfJSDocComment(comment) ?? '';
  if (text.includes('```')) return text;
  return text
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .split('\n\n')
    .map((paragraph) => paragraph.replaceAll(/\s*\n\s*/g, ' '))
    .join('\n\n');
}
