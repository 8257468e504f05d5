import type { Block, Call, Expression, Location, Program, Statement, SubExpression } from "./syntax-tree.ts"
import { ruleOf } from "./template-call.ts"

/** The call that writes or passes on a variable and reports when it is missing. No template can spell this name. */
export const requiredValue = "$required"
/** The same for the value that is printed: it must be text. */
export const printedValue = "$printed"

const literal = (value: string, loc: Location): Expression => ({ type: "StringLiteral", value, original: value, loc })

const call = (name: string, params: ReadonlyArray<Expression>, loc: Location): SubExpression => ({
  type: "SubExpression",
  path: { type: "PathExpression", data: false, depth: 0, parts: [name], original: name, loc },
  params,
  loc,
})

const expression = (node: Expression, isOptional: boolean): Expression => {
  if (node.type === "SubExpression") return { ...node, ...callArguments(node) }
  if (node.type !== "PathExpression" || isOptional || node.data) return node
  return call(requiredValue, [node, literal(node.original, node.loc)], node.loc)
}

const callArguments = (node: Call, isOptionalBlock = false): Pick<Call, "params" | "hash"> => {
  const name = node.path.type === "PathExpression" ? node.path.original : ""
  const isOptional = isOptionalBlock || ruleOf(name, true)?.optional === true
  const params = node.params.map((param) => expression(param, isOptional))
  // `default` learns the name of its last resort, to report it when that is missing too.
  const last = node.params.at(-1)
  if (name === "default" && last?.type === "PathExpression") params.push(literal(last.original, last.loc))
  else if (name === "default") params.push(literal("", node.loc))
  if (node.hash === undefined) return { params }
  return {
    params,
    hash: {
      ...node.hash,
      pairs: node.hash.pairs.map((pair) => ({ ...pair, value: expression(pair.value, isOptional) })),
    },
  }
}

const statement = (node: Statement): Statement => {
  if (node.type === "BlockStatement") return block(node)
  if (node.type !== "MustacheStatement") return node
  // A name alone is always a variable, also when a function has the same name.
  if (node.params.length === 0 && node.hash === undefined) {
    const path = node.path
    const name = path.type === "PathExpression" ? path.original : ""
    return { ...node, ...call(printedValue, [path, literal(name, node.loc)], node.loc), type: "MustacheStatement" }
  }
  return { ...node, ...callArguments(node) }
}

const block = (node: Block): Block => {
  const { program, inverse } = node
  return {
    ...node,
    // `{{#each}}...{{else}}...{{/each}}` says itself what to do without a list.
    ...callArguments(node, inverse !== undefined),
    ...(program === undefined ? {} : { program: requireValues(program) }),
    ...(inverse === undefined ? {} : { inverse: requireValues(inverse) }),
  }
}

/**
 * The same template with each variable handed through a call that reports missing ones.
 *
 * Handlebars' own strict mode stops at the first missing variable and does not look at arguments of functions.
 */
export const requireValues = (program: Program): Program => ({ ...program, body: program.body.map(statement) })
