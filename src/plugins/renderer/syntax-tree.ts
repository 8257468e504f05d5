import Handlebars from "handlebars"

/** Where a node stands, lines from 1. */
export interface Location {
  readonly start: { readonly line: number; readonly column: number }
}

export interface PathExpression {
  readonly type: "PathExpression"
  readonly data: boolean
  readonly depth: number
  readonly parts: ReadonlyArray<string>
  readonly original: string
  readonly loc: Location
}

export interface Literal {
  readonly type: "StringLiteral" | "NumberLiteral" | "BooleanLiteral" | "UndefinedLiteral" | "NullLiteral"
  readonly value?: unknown
  readonly original?: unknown
  readonly loc: Location
}

export interface Hash {
  readonly type: "Hash"
  readonly pairs: ReadonlyArray<{
    readonly type: "HashPair"
    readonly key: string
    readonly value: Expression
    readonly loc: Location
  }>
  readonly loc: Location
}

/** What calls of helpers have in common. */
export interface Call {
  readonly path: PathExpression | Literal
  readonly params: ReadonlyArray<Expression>
  readonly hash?: Hash
  readonly loc: Location
}

export interface SubExpression extends Call {
  readonly type: "SubExpression"
}

export type Expression = PathExpression | Literal | SubExpression

export interface Mustache extends Call {
  readonly type: "MustacheStatement"
  /** False for `{{{name}}}` and `{{&name}}`. */
  readonly escaped: boolean
}

export interface Block extends Call {
  readonly type: "BlockStatement"
  readonly program?: Program
  readonly inverse?: Program
}

/** Statements that templates here must not hold. */
export interface Refused {
  readonly type: "PartialStatement" | "PartialBlockStatement" | "Decorator" | "DecoratorBlock"
  readonly loc: Location
}

export interface Plain {
  readonly type: "ContentStatement" | "CommentStatement"
  readonly value: string
  readonly loc: Location
}

export type Statement = Mustache | Block | Refused | Plain

export interface Program {
  readonly type: "Program"
  readonly body: ReadonlyArray<Statement>
  readonly blockParams?: ReadonlyArray<string>
  readonly loc: Location
}

/**
 * Handlebars' syntax tree of a text.
 *
 * Handlebars' own declarations make every node a bare `Node` that has to be cast at each use; the shapes above are the same
 * tree (docs/compiler-api of Handlebars 4.7) as a union that the compiler can follow.
 *
 * @throws the parser's own error
 */
export const parseSyntax = (text: string): Program => Handlebars.parse(text) as unknown as Program
