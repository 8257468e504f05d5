import type { Issue } from "../../sdk/errors.ts"
import type { CompiledBody } from "./compiled-template.ts"
import { derivedText } from "./derived-text.ts"
import { limits } from "./limits.ts"
import { canonicalLocale } from "./locale.ts"
import { readMarkup } from "./markup.ts"
import { compileMjml } from "./mjml/compile-mjml.ts"
import { structureIssues } from "./mjml/structure.ts"
import { type ExpandedText, expandPartials } from "./partial.ts"
import { displacedTags, type MaskedText, maskTags, placeholdersIn } from "./placeholder.ts"
import { parseSyntax } from "./syntax-tree.ts"
import { checkTemplate } from "./template-check.ts"
import { scanTags } from "./template-tag.ts"
import { applyEdits, valueContexts } from "./value-context.ts"

/** One language of a template, as written. */
export interface BodySource {
  readonly subject: string
  readonly mjml?: string
  readonly html?: string
  readonly text?: string
  readonly partials?: Readonly<Record<string, string>>
  readonly htmlSafe?: ReadonlyArray<string>
}

/** What became of one language: a body when there are no issues. */
export interface BodyResult {
  readonly issues: ReadonlyArray<Issue>
  readonly variables: ReadonlyArray<string>
  readonly body?: CompiledBody
}

/** The parser's words for a syntax error, without its drawing of the place. */
const syntaxIssue = (error: unknown, lineStart: (line: number) => number, expanded: ExpandedText): Issue => {
  const message = error instanceof Error ? error.message : String(error)
  const line = Number(/on line (\d+)/.exec(message)?.[1] ?? /- (\d+):\d+$/.exec(message)?.[1] ?? 1)
  const reason = /(Expecting .*)$/m.exec(message)?.[1] ?? message.split("\n")[0]
  return {
    path: expanded.pathAt(lineStart(line)),
    message: `Handlebars cannot read it: ${reason}. Check that every tag and block is closed`,
  }
}

const lineStarts = (text: string): ((line: number) => number) => {
  const starts = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return (line) => starts[Math.min(line, starts.length) - 1] ?? 0
}

interface Part {
  readonly expanded: ExpandedText
  readonly issues: ReadonlyArray<Issue>
  readonly variables: ReadonlyArray<string>
}

/** Inserts partials and checks the Handlebars of one part. */
const readPart = (
  text: string,
  path: string,
  partials: Readonly<Record<string, string>>,
  suffix: string,
  htmlSafe: ReadonlyArray<string>,
): Part => {
  const expanded = expandPartials(text, path, partials, suffix)
  const count = scanTags(expanded.text).tags.length
  const issues = [...expanded.issues]
  if (count > limits.tags)
    issues.push({ path, message: `has ${count} Handlebars tags, more than ${limits.tags}: split the template` })
  // The parser is only given what is within the limits.
  if (issues.length > 0) return { expanded, issues, variables: [] }
  const lineStart = lineStarts(expanded.text)
  try {
    const checked = checkTemplate(parseSyntax(expanded.text), { htmlSafe, compiled: false })
    const located = checked.issues.map((issue) => ({
      path: expanded.pathAt(lineStart(Number(issue.path))),
      message: issue.message,
    }))
    return { expanded, issues: located, variables: checked.variables }
  } catch (error) {
    return { expanded, issues: [syntaxIssue(error, lineStart, expanded)], variables: [] }
  }
}

const markupIssues = (part: Part, masked: MaskedText, isMjml: boolean): ReadonlyArray<Issue> => {
  const tokens = readMarkup(masked.text)
  const lineStart = lineStarts(part.expanded.text)
  // Tags of several lines are one placeholder: lines are counted in the masked text, as MJML counts them.
  const at = (offset: number): string =>
    part.expanded.pathAt(lineStart(masked.text.slice(0, offset).split("\n").length))
  const holdsBlocks = (from: number, to: number): boolean =>
    placeholdersIn(masked.text.slice(from, to), masked).some((index) => masked.tags[index]?.kind === "open")
  return [...(isMjml ? structureIssues(tokens, holdsBlocks) : []), ...valueContexts(tokens, masked).issues].map(
    ({ offset, message }) => ({ path: at(offset), message: masked.unmask(message) }),
  )
}

const convertMjml = async (part: Part, masked: MaskedText): Promise<{ html: string; issues: ReadonlyArray<Issue> }> => {
  const result = await compileMjml(masked.text)
  const lineStart = lineStarts(part.expanded.text)
  const issues = result.issues.map(({ path, message }) => ({
    path: part.expanded.pathAt(lineStart(Number(path))),
    message: masked.unmask(message),
  }))
  if (issues.length > 0) return { html: "", issues }
  const displaced = displacedTags(masked, result.html).map(({ tag, how }) => ({
    path: part.expanded.pathAt(tag.start),
    message:
      how === "lost"
        ? `MJML drops ${tag.text} in this place: put it inside a component, or between components as <mj-raw>${tag.text}</mj-raw>`
        : `MJML moves ${tag.text} out of its block: open and close each block inside the same component`,
  }))
  return { html: result.html, issues: displaced }
}

/** Comments without Outlook conditions are notes of the author; blocks hidden in comments stay. */
const withoutComments = (html: string, masked: MaskedText): string => {
  const edits = readMarkup(html).flatMap((token) =>
    token.kind === "comment" && token.text !== "<![endif]"
      ? [{ start: token.start, end: token.end, text: (token.text.match(masked.pattern) ?? []).join("") }]
      : [],
  )
  return applyEdits(html, edits)
}

/** What the markup itself says about its language; MJML writes `und` when nothing was said. */
const languageOf = (html: string): string | null => {
  const root = readMarkup(html).find((token) => token.kind === "open" && token.name === "html")
  const tag = root?.kind === "open" ? root.attributes.find((attribute) => attribute.name === "lang")?.value : undefined
  const locale = tag === undefined ? undefined : canonicalLocale(tag)
  return locale === undefined || locale === "und" ? null : locale
}

/** Compiles one language of a template; finds all issues that can be found without a lead. */
export const compileBody = async (source: BodySource, prefix: string): Promise<BodyResult> => {
  const partials = source.partials ?? {}
  const htmlSafe = source.htmlSafe ?? []
  const isMjml = source.mjml !== undefined
  const subject = readPart(source.subject, `${prefix}subject`, {}, "", [])
  const markup = readPart(
    source.mjml ?? source.html ?? "",
    `${prefix}${isMjml ? "mjml" : "html"}`,
    partials,
    "",
    htmlSafe,
  )
  const text = source.text === undefined ? undefined : readPart(source.text, `${prefix}text`, partials, ".txt", [])
  const parts = [subject, markup, ...(text === undefined ? [] : [text])]
  const variables = [...new Set(parts.flatMap((part) => part.variables))].sort()
  const issues = parts.flatMap((part) => part.issues)
  if (/[\r\n\u2028\u2029]/.test(source.subject))
    issues.push({ path: `${prefix}subject`, message: "has more than one line" })
  if (markup.issues.length > 0) return { issues, variables }

  const masked = maskTags(markup.expanded.text, scanTags(markup.expanded.text).tags)
  issues.push(...markupIssues(markup, masked, isMjml))
  if (issues.length > 0) return { issues, variables }
  const converted = isMjml ? await convertMjml(markup, masked) : { html: masked.text, issues: [] }
  if (converted.issues.length > 0) return { issues: converted.issues, variables }

  const html = withoutComments(converted.html, masked)
  const contexts = valueContexts(readMarkup(html), masked)
  for (const { message } of contexts.issues) issues.push({ path: `${prefix}html`, message: masked.unmask(message) })
  const finished = masked.unmask(applyEdits(html, contexts.edits))
  if (finished.length > limits.compiledChars)
    issues.push({
      path: `${prefix}html`,
      message: `is longer than ${limits.compiledChars} characters: split the template`,
    })
  if (issues.length > 0) return { issues, variables }
  return {
    issues,
    variables,
    body: {
      subject: subject.expanded.text,
      html: finished,
      text: text === undefined ? derivedText(html, masked, contexts.edits) : text.expanded.text,
      ownText: text !== undefined,
      htmlSafe: [...htmlSafe],
      language: languageOf(html),
    },
  }
}
