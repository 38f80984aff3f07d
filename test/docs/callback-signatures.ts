import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { oneLine } from './one-line.js';

/** What the source says of one callback. */
export interface CallbackSignature {
  /** `(event: MatrixEvent) => Promise<SpamVerdict | string>`. */
  readonly type: string;
  /** Its comment. */
  readonly comment: string;
}

const folder = 'src/callbacks';

/** The signatures in the interfaces `...Callbacks` of `src/callbacks`, by name of the callback. */
export function readSignatures(): ReadonlyMap<string, CallbackSignature> {
  const signatures = new Map<string, CallbackSignature>();
  for (const name of readdirSync(folder)) {
    const text = readFileSync(`${folder}/${name}`, 'utf8');
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    for (const statement of source.statements) {
      if (!ts.isInterfaceDeclaration(statement) || !statement.name.text.endsWith('Callbacks')) continue;
      for (const member of statement.members) {
        if (!ts.isPropertySignature(member) || member.type === undefined) continue;
        signatures.set(member.name.getText(source), {
          type: oneLine(member.type.getText(source)),
          comment: commentOf(member),
        });
      }
    }
  }
  return signatures;
}

function commentOf(member: ts.PropertySignature): string {
  const [doc] = ts.getJSDocCommentsAndTags(member);
  return doc === undefined ? '' : oneLine(ts.getTextOfJSDocComment(doc.comment) ?? '');
}
