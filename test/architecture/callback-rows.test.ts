import assert from 'node:assert/strict';
import { test } from 'node:test';
import ts from 'typescript';
import type { AnyHandler, Rule } from '../../src/callbacks/rule.js';
import { snakeCase } from '../../src/config/values/snake-case.js';
import { callbackRows } from '../docs/callback-rows.js';

/** Arguments whose name in the row, which is Synapse's, is not that of the handler type. */
const otherNames: Readonly<Record<string, string>> = { file_wrapper: 'file' };

const program = compile();
const checker = program.getTypeChecker();
const categories = declared('src/callbacks/registry.ts', 'CallbackCategories');
const kinds = declared('src/callbacks/wire-kinds.ts', 'ArgumentTypes').getProperties();
const mutableJson = declared('src/matrix/json.ts', 'MutableJsonObject');

for (const [callback, rule] of callbackRows()) {
  test(`the row of ${callback} has the arguments of its handler in order, each in a kind that carries it`, () => {
    const parameters = parametersOf(callback);
    assert.deepEqual(
      Object.keys(rule.args).map((name) => otherNames[name] ?? name),
      parameters.map(({ name }) => snakeCase(name)),
    );
    Object.values(rule.args).forEach((kind, index) => {
      const type = parameters[index]?.type;
      assert.ok(type !== undefined && kindsOf(type).includes(kind), `${kind} for argument ${String(index)}`);
    });
  });

  test(`what the row of ${callback} says of single arguments names arguments of it`, () => {
    for (const name of namedArguments(rule)) assert.ok(Object.hasOwn(rule.args, name), name);
  });
}

function namedArguments({ copied = [], keyedBy }: Rule<AnyHandler, unknown>): readonly string[] {
  return keyedBy === undefined ? copied : [...copied, keyedBy];
}

/** The kinds in which a value of the type can travel. */
function kindsOf(type: ts.Type): readonly string[] {
  const own = kinds.filter((kind) => checker.isTypeAssignableTo(type, checker.getTypeOfSymbol(kind)));
  if (own.length > 0) return own.map(({ name }) => name);
  const isMutable = checker.isTypeAssignableTo(type, mutableJson) && checker.isTypeAssignableTo(mutableJson, type);
  return isMutable ? ['json', 'live_json'] : ['json'];
}

function parametersOf(callback: string): readonly { readonly name: string; readonly type: ts.Type }[] {
  const [category = '', name = ''] = callback.split('.');
  const handler = memberType(memberType(categories, category), name);
  const [signature] = checker.getSignaturesOfType(handler, ts.SignatureKind.Call);
  assert.ok(signature !== undefined, callback);
  return signature.getParameters().map((parameter) => ({
    name: parameter.name,
    type: checker.getTypeOfSymbol(parameter),
  }));
}

function memberType(type: ts.Type, name: string): ts.Type {
  const member = type.getProperty(name);
  assert.ok(member !== undefined, name);
  return checker.getTypeOfSymbol(member);
}

function declared(file: string, name: string): ts.Type {
  const source = program.getSourceFile(file);
  const declaration = source?.statements.find(
    (statement) =>
      (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) && statement.name.text === name,
  );
  assert.ok(declaration !== undefined, `${file} declares no ${name}`);
  return checker.getTypeAtLocation(declaration);
}

function compile(): ts.Program {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  return ts.createProgram(['src/callbacks/registry.ts'], { ...options, noEmit: true, incremental: false });
}
