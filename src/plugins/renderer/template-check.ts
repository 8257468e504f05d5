import type { Issue } from "../../sdk/errors.ts"
import { limits } from "./limits.ts"
import type { Block, Call, Expression, Location, PathExpression, Program, Statement } from "./syntax-tree.ts"
import { publicCalls, ruleOf } from "./template-call.ts"
import { isUnsafeKey } from "./unsafe-key.ts"

/** What a template's syntax tree says about it. */
export interface CheckedTemplate {
  /** `path` is the line in the text. */
  readonly issues: ReadonlyArray<Issue>
  /** Top-level names that the template reads, sorted. */
  readonly variables: ReadonlyArray<string>
}

/** What is checked against. */
export interface CheckOptions {
  /** Names that may be written unescaped. */
  readonly htmlSafe: ReadonlyArray<string>
  /** The text comes from this renderer's own compiler: its calls are allowed and nodes may be doubled by MJML. */
  readonly compiled: boolean
}

const loopData = ["index", "key", "first", "last", "root"]

/** Walks a tree once; an instance per text. */
class TemplateWalk {
  readonly issues: Array<Issue> = []
  readonly variables = new Set<string>()
  readonly #options: CheckOptions
  #nodes = 0
  /** Whether the context at each depth is the mail's data. */
  #scopes: ReadonlyArray<boolean> = [true]
  #names: ReadonlyArray<string> = []

  constructor(options: CheckOptions) {
    this.#options = options
  }

  refuse(node: { readonly loc: Location }, message: string): void {
    this.issues.push({ path: String(node.loc.start.line), message })
  }

  /** False when the tree is too large to go on. */
  #enter(node: { readonly loc: Location }, depth: number): boolean {
    this.#nodes += 1
    const most = this.#options.compiled ? limits.compiledNodes : limits.nodes
    if (this.#nodes === most + 1) this.refuse(node, `has more than ${most} Handlebars nodes: split the template`)
    if (depth === limits.nesting + 1) this.refuse(node, `blocks are nested deeper than ${limits.nesting}`)
    return this.#nodes <= most && depth <= limits.nesting
  }

  program(program: Program | undefined, depth: number): void {
    for (const statement of program?.body ?? []) this.#statement(statement, depth)
  }

  #statement(node: Statement, depth: number): void {
    if (!this.#enter(node, depth)) return
    switch (node.type) {
      case "ContentStatement":
      case "CommentStatement":
        return
      case "MustacheStatement":
        this.#mustache(node, depth)
        return
      case "BlockStatement":
        this.#block(node, depth)
        return
      default:
        this.refuse(node, "decorators, inline partials and run-time partials are not supported: use {{> name}}")
    }
  }

  #mustache(node: Call & { readonly escaped: boolean }, depth: number): void {
    const isVariable = node.params.length === 0 && node.hash === undefined
    if (!node.escaped && !(isVariable && this.#isHtmlSafe(node.path)))
      this.refuse(
        node,
        "{{{...}}} and {{&...}} write unescaped HTML: use {{...}}, or list the variable under htmlSafe if its values are trusted HTML",
      )
    if (isVariable) this.#expression(node.path, depth)
    else this.#call(node, "value", depth)
  }

  #isHtmlSafe(path: Expression): boolean {
    return path.type === "PathExpression" && this.#options.htmlSafe.includes(path.original)
  }

  #block(node: Block, depth: number): void {
    const name = this.#call(node, "block", depth)
    const [scopes, names] = [this.#scopes, this.#names]
    if (name === "each" || name === "with") this.#scopes = [...scopes, false]
    this.#names = [...names, ...(node.program?.blockParams ?? [])]
    this.program(node.program, depth + 1)
    this.#scopes = scopes
    this.#names = names
    this.program(node.inverse, depth + 1)
  }

  #call(node: Call, use: "value" | "block", depth: number): string {
    const name = node.path.type === "PathExpression" ? node.path.original : ""
    const found = ruleOf(name, this.#options.compiled)
    if (found === undefined || found.use !== use) this.refuse(node, this.#unknown(name, use))
    else {
      const named = (node.hash?.pairs ?? []).map((pair) => pair.key)
      const missing = found.requiredNamed.find((key) => !named.includes(key))
      const unknown = named.find((key) => !found.named.includes(key))
      if (node.params.length < found.minArguments || node.params.length > found.maxArguments)
        this.refuse(node, `${name} takes other arguments, for example ${found.example}`)
      if (missing !== undefined) this.refuse(node, `${name} needs ${missing}=, for example ${found.example}`)
      if (unknown !== undefined) this.refuse(node, `${name} does not know ${unknown}=, only ${found.named.join(", ")}`)
    }
    for (const param of node.params) this.#expression(param, depth + 1)
    for (const pair of node.hash?.pairs ?? []) this.#expression(pair.value, depth + 1)
    return name
  }

  #unknown(name: string, use: "value" | "block"): string {
    const names = Object.keys(publicCalls).filter((key) => publicCalls[key]?.use === use)
    return use === "block"
      ? `#${name} is not a known block: known are ${names.join(", ")}`
      : `${name} is not a known function: known are ${names.join(", ")}`
  }

  #expression(node: Expression, depth: number): void {
    if (!this.#enter(node, depth)) return
    if (node.type === "SubExpression") this.#call(node, "value", depth)
    else if (node.type === "PathExpression") this.#path(node)
  }

  #path(node: PathExpression): void {
    if (node.parts.some(isUnsafeKey)) this.refuse(node, `${node.original} is not allowed in a template`)
    const [first] = node.parts
    if (node.data) {
      if (first === "root") this.#read(node.parts[1])
      else if (!loopData.includes(first ?? ""))
        this.refuse(node, `${node.original} is not known: only @index, @key, @first, @last, @root`)
      return
    }
    if (node.depth === 0 && first !== undefined && this.#names.includes(first)) return
    const isRoot = this.#scopes[this.#scopes.length - 1 - node.depth]
    if (isRoot === undefined) this.refuse(node, `${node.original} goes above the mail's data`)
    if (isRoot === true) this.#read(first)
  }

  #read(name: string | undefined): void {
    if (name !== undefined) this.variables.add(name)
  }
}

/** Checks a syntax tree against the limits and the calls that templates may use; finds all issues, not only the first. */
export const checkTemplate = (program: Program, options: CheckOptions): CheckedTemplate => {
  const walk = new TemplateWalk(options)
  walk.program(program, 0)
  return { issues: walk.issues, variables: [...walk.variables].sort() }
}
