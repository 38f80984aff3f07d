import ts from 'typescript';

/** What the parameters of a function stand for where it is called. */
type Bindings = ReadonlyMap<ts.Symbol, readonly string[]>;

/** More texts than this of one expression are not followed. */
const most = 64;

/**
 * The texts that an expression can have, as far as the source says so: literals, templates, constants, choices, fields of constant
 * objects, and functions that return such. A list that is joined counts as one with one element. Undefined when it depends on values.
 */
export class ConstantTexts {
  /** Parameters whose calls are being read: a recursive call says nothing new. */
  private readonly following = new Set<ts.ParameterDeclaration>();

  constructor(private readonly checker: ts.TypeChecker) {}

  of(node: ts.Expression, bindings: Bindings = new Map()): readonly string[] | undefined {
    const texts = this.read(node, bindings);
    return texts === undefined || texts.length > most ? undefined : [...new Set(texts)];
  }

  private read(node: ts.Expression, bindings: Bindings): readonly string[] | undefined {
    if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return [node.text];
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return this.of(node.expression, bindings);
    if (ts.isTemplateExpression(node)) return this.ofTemplate(node, bindings);
    if (ts.isConditionalExpression(node)) return this.either(node.whenTrue, node.whenFalse, bindings);
    if (ts.isBinaryExpression(node)) return this.ofBinary(node, bindings);
    if (ts.isIdentifier(node)) return this.ofName(node, bindings);
    if (ts.isCallExpression(node)) return this.ofCall(node, bindings);
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return this.ofMember(node);
    return undefined;
  }

  private ofTemplate(node: ts.TemplateExpression, bindings: Bindings): readonly string[] | undefined {
    let texts: readonly string[] | undefined = [node.head.text];
    for (const span of node.templateSpans) {
      texts = joined(texts, this.of(span.expression, bindings));
      texts = texts?.map((text) => text + span.literal.text);
    }
    return texts;
  }

  private ofBinary(node: ts.BinaryExpression, bindings: Bindings): readonly string[] | undefined {
    if (node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
    return joined(this.of(node.left, bindings), this.of(node.right, bindings));
  }

  private either(one: ts.Expression, other: ts.Expression, bindings: Bindings): readonly string[] | undefined {
    const [first, second] = [this.of(one, bindings), this.of(other, bindings)];
    return first && second && [...first, ...second];
  }

  private ofName(node: ts.Identifier, bindings: Bindings): readonly string[] | undefined {
    const symbol = this.original(node);
    if (symbol === undefined) return undefined;
    const bound = bindings.get(symbol);
    if (bound !== undefined) return bound;
    const declaration = symbol.valueDeclaration;
    if (declaration === undefined) return undefined;
    if (ts.isVariableDeclaration(declaration)) return this.ofVariable(declaration, bindings) ?? this.ofType(node);
    if (ts.isBindingElement(declaration)) return this.ofElement(declaration, bindings) ?? this.ofType(node);
    return (ts.isParameter(declaration) ? this.ofParameter(declaration) : undefined) ?? this.ofType(node);
  }

  private ofVariable(node: ts.VariableDeclaration, bindings: Bindings): readonly string[] | undefined {
    if (!isConstant(node)) return undefined;
    if (node.initializer !== undefined) return this.of(node.initializer, bindings);
    const loop = node.parent.parent;
    return ts.isForOfStatement(loop) ? this.ofElements(loop.expression, bindings) : undefined;
  }

  /** Each element of a list that is written out. */
  private ofElements(node: ts.Expression, bindings: Bindings): readonly string[] | undefined {
    const list = ts.isIdentifier(node) ? this.original(node)?.valueDeclaration : node;
    const array = list && ts.isVariableDeclaration(list) ? list.initializer : list;
    const bare = array && ts.isAsExpression(array) ? array.expression : array;
    if (bare === undefined || !ts.isArrayLiteralExpression(bare)) return undefined;
    return all(bare.elements.map((element) => this.of(element, bindings)));
  }

  /** `const [a, b] = isFirst ? ['x', 'y'] : ['z', 'w']`. */
  private ofElement(node: ts.BindingElement, bindings: Bindings): readonly string[] | undefined {
    const { parent: pattern } = node;
    const declaration = pattern.parent;
    if (!ts.isArrayBindingPattern(pattern) || !ts.isVariableDeclaration(declaration)) return undefined;
    const index = pattern.elements.indexOf(node);
    const choices = declaration.initializer === undefined ? [] : choicesOf(declaration.initializer);
    const texts = choices.map((choice) => {
      const element = ts.isArrayLiteralExpression(choice) ? choice.elements[index] : undefined;
      return element && this.of(element, bindings);
    });
    return texts.length === 0 ? undefined : all(texts);
  }

  /** What the calls in its file give, when others cannot call it. */
  private ofParameter(node: ts.ParameterDeclaration): readonly string[] | undefined {
    const owner = node.parent;
    const isHidden = ts.isMethodDeclaration(owner)
      ? (ts.getCombinedModifierFlags(owner) & ts.ModifierFlags.Private) !== 0
      : ts.isFunctionDeclaration(owner) && (ts.getCombinedModifierFlags(owner) & ts.ModifierFlags.Export) === 0;
    if (!isHidden || owner.name === undefined || this.following.has(node)) return undefined;
    this.following.add(node);
    const symbol = this.original(owner.name);
    const index = owner.parameters.indexOf(node);
    const texts = callsIn(node.getSourceFile())
      .filter((call) => this.original(call.expression) === symbol)
      .map((call) => {
        const given = call.arguments[index] ?? node.initializer;
        return given && this.of(given);
      });
    this.following.delete(node);
    return texts.length === 0 ? undefined : all(texts);
  }

  /** Fields of `this` and of constant objects; a value of a union of texts. */
  private ofMember(node: ts.Expression): readonly string[] | undefined {
    const declaration = this.original(node)?.valueDeclaration;
    const initializer =
      declaration !== undefined && (ts.isPropertyAssignment(declaration) || ts.isPropertyDeclaration(declaration))
        ? declaration.initializer
        : undefined;
    return (initializer && this.of(initializer)) ?? this.ofType(node);
  }

  private ofType(node: ts.Expression): readonly string[] | undefined {
    const type = this.checker.getTypeAtLocation(node);
    const parts = type.isUnion() ? type.types : [type];
    const texts = parts.flatMap((part) => (part.isStringLiteral() ? [part.value] : []));
    return texts.length === parts.length ? texts : undefined;
  }

  private ofCall(node: ts.CallExpression, bindings: Bindings): readonly string[] | undefined {
    const { expression: callee, arguments: given } = node;
    if (ts.isPropertyAccessExpression(callee) && callee.name.text === 'join')
      return this.ofList(callee.expression, bindings);
    if (ts.isIdentifier(callee) && callee.text === 'String') return given[0] && this.of(given[0], bindings);
    const called = functionOf(this.original(callee)?.valueDeclaration);
    const result = called && returned(called);
    return result && this.of(result, this.bind(called.parameters, given, bindings));
  }

  private bind(
    parameters: readonly ts.ParameterDeclaration[],
    given: readonly ts.Expression[],
    bindings: Bindings,
  ): Bindings {
    const inside = new Map<ts.Symbol, readonly string[]>();
    for (const [index, parameter] of parameters.entries()) {
      const symbol = this.original(parameter.name);
      const value = given[index] ?? parameter.initializer;
      const texts = value && this.of(value, bindings);
      if (symbol && texts) inside.set(symbol, texts);
    }
    return inside;
  }

  /** One element: `rows.map(() => '(?, ?)')`, `Array.from(..., () => '?')`, `[a, b]`. */
  private ofList(node: ts.Expression, bindings: Bindings): readonly string[] | undefined {
    if (ts.isArrayLiteralExpression(node)) {
      const elements = node.elements.map((element) => this.of(element, bindings));
      return elements.reduce((all, each) => joined(all && all.map((text) => (text ? `${text}, ` : '')), each), ['']);
    }
    const maker = ts.isCallExpression(node) ? node.arguments.at(-1) : undefined;
    const result = maker && returned(maker);
    return result && this.of(result, bindings);
  }

  private original(node: ts.Node): ts.Symbol | undefined {
    const symbol = this.checker.getSymbolAtLocation(node);
    return symbol && symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}

function joined(left: readonly string[] | undefined, right: readonly string[] | undefined): string[] | undefined {
  return left && right?.flatMap((end) => left.map((start) => start + end));
}

/** The texts of all, if each has some. */
function all(texts: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const known = texts.flatMap((each) => each ?? []);
  return texts.includes(undefined) ? undefined : [...new Set(known)];
}

function choicesOf(node: ts.Expression): readonly ts.Expression[] {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return choicesOf(node.expression);
  if (!ts.isConditionalExpression(node)) return [node];
  return [...choicesOf(node.whenTrue), ...choicesOf(node.whenFalse)];
}

function callsIn(source: ts.SourceFile): readonly ts.CallExpression[] {
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) calls.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return calls;
}

function isConstant(declaration: ts.VariableDeclaration): boolean {
  return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
}

function functionOf(declaration: ts.Declaration | undefined): ts.SignatureDeclaration | undefined {
  const made = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  return made && ts.isFunctionLike(made) ? made : undefined;
}

/** What a function of one expression returns. */
function returned(node: ts.Node): ts.Expression | undefined {
  if (!ts.isArrowFunction(node) && !ts.isFunctionDeclaration(node) && !ts.isMethodDeclaration(node)) return undefined;
  const { body } = node;
  if (body === undefined || !ts.isBlock(body)) return body;
  const [only, ...more] = body.statements;
  return only && more.length === 0 && ts.isReturnStatement(only) ? only.expression : undefined;
}
