import { controlCharacters } from "../../sdk/domain/control-characters.ts"
import { InvalidInput, RenderError } from "../../sdk/errors.ts"
import type { CompiledTemplate, PreparedTemplate, RenderedMail, RenderInput } from "../../sdk/renderer/renderer.ts"
import { parse } from "../../sdk/schema.ts"
import { type CompiledBody, compiledTemplate } from "./compiled-template.ts"
import { limits } from "./limits.ts"
import { bestLocale, canonicalLocale, formatLocale } from "./locale.ts"
import { MailFrame } from "./mail-frame.ts"
import { type RenderData, renderData } from "./render-data.ts"
import { failure, RenderFailure, renderError } from "./render-failure.ts"
import { compilePart, type RenderPart } from "./safe-handlebars.ts"
import { parseSyntax } from "./syntax-tree.ts"
import { checkTemplate } from "./template-check.ts"
import { scanTags } from "./template-tag.ts"
import { textOfHtml, tidyText } from "./text-part.ts"

interface PreparedBody {
  readonly language: string | null
  readonly subject: RenderPart
  readonly html: RenderPart
  readonly text: RenderPart | undefined
  readonly ownText: boolean
}

/** Checks again what was checked when it was compiled: the JSON comes from a store. */
const preparePart = (source: string, path: string, isHtml: boolean, htmlSafe: ReadonlyArray<string>): RenderPart => {
  const scanned = scanTags(source)
  if (scanned.issues.length > 0 || scanned.tags.length > limits.compiledTags)
    throw failure(
      "bad-compiled-template",
      path,
      "does not hold what this renderer compiles: compile the template again",
    )
  const program = parseSyntax(source)
  const { issues } = checkTemplate(program, { htmlSafe, compiled: true })
  if (issues.length > 0)
    throw new RenderFailure(
      "bad-compiled-template",
      issues.map((issue) => ({ ...issue, path: `${path}:${issue.path}` })),
    )
  return compilePart(program, isHtml)
}

const prepareBody = (body: CompiledBody, path: string): PreparedBody => ({
  language: body.language,
  ownText: body.ownText,
  subject: preparePart(body.subject, `${path}subject`, false, []),
  html: preparePart(body.html, `${path}html`, true, body.htmlSafe),
  text: body.text === null ? undefined : preparePart(body.text, `${path}text`, false, []),
})

const checkSubject = (subject: string): string => {
  if (controlCharacters.test(subject))
    throw failure(
      "bad-subject",
      "subject",
      "the subject holds a line break or control character: clean the value that brings it",
    )
  if (subject.length > limits.subjectChars)
    throw failure("bad-subject", "subject", `the subject is longer than ${limits.subjectChars} characters`)
  if (subject.trim() === "") throw failure("bad-subject", "subject", "the subject is empty")
  return subject.trim()
}

const checkSize = (path: string, text: string): string => {
  if (Buffer.byteLength(text) > limits.outputBytes)
    throw failure("output-too-large", path, `the ${path} part is larger than ${limits.outputBytes} bytes`)
  return text
}

const missingVariables = (names: ReadonlyArray<string>): RenderFailure => {
  const [first = ""] = names
  return new RenderFailure(
    "missing-variables",
    names.map((path) => ({ path, message: "has no value" })),
    `no value for ${names.join(", ")}: give one, or write {{default ${first} "..."}} or {{#if ${first}}} where it may be missing`,
  )
}

const renderBody = (body: PreparedBody, data: RenderData, newFrame: () => MailFrame): RenderedMail => {
  const frames = [newFrame(), newFrame(), newFrame()] as const
  const subject = body.subject(data, frames[0])
  const html = body.html(data, frames[1])
  const text = body.text?.(data, frames[2])
  const missing = new Set(frames.flatMap((frame) => [...frame.missing]))
  if (missing.size > 0) throw missingVariables([...missing].sort())
  checkSize("html", html)
  return {
    subject: checkSubject(subject),
    html,
    text: checkSize("text", text === undefined ? textOfHtml(html) : body.ownText ? text : tidyText(text)),
  }
}

/**
 * Makes a compiled template ready. The template itself is prepared now, each locale at its first mail.
 *
 * @throws RenderError `bad-compiled-template` when the JSON is not what `compile` gave
 */
export const prepareTemplate = (compiled: CompiledTemplate): PreparedTemplate => {
  const title = typeof compiled.name === "string" ? compiled.name : "(unnamed)"
  const guarded = <Value>(what: string, run: () => Value): Value => {
    try {
      return run()
    } catch (error) {
      if (error instanceof RenderError) throw error
      if (error instanceof RenderFailure)
        throw renderError(title, error.code, what, error.issues, { cause: error, summary: error.message })
      if (error instanceof InvalidInput)
        throw renderError(title, "bad-compiled-template", what, error.issues, { cause: error })
      const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)
      throw renderError(title, "render-failed", what, [{ path: "", message }], { cause: error })
    }
  }

  const document = guarded("cannot be prepared", () => parse(compiledTemplate, compiled, "The compiled template"))
  const available = new Set(Object.keys(document.locales))
  const base = guarded("cannot be prepared", () => prepareBody(document.base, ""))
  const prepared = new Map<string, PreparedBody>()

  const bodyOf = (locale: string | undefined): PreparedBody => {
    const source = locale === undefined ? undefined : document.locales[locale]
    if (locale === undefined || source === undefined) return base
    const known = prepared.get(locale)
    if (known !== undefined) return known
    const body = prepareBody(source, `locales.${locale}.`)
    prepared.set(locale, body)
    return body
  }

  return {
    variables: document.variables,
    render: (input: RenderInput): RenderedMail =>
      guarded("cannot be rendered", () => {
        const data = renderData(input.variables, input.now)
        const locale = input.locale === undefined ? undefined : canonicalLocale(input.locale)
        const body = bodyOf(bestLocale(locale, available))
        const format = formatLocale(locale, body.language)
        return renderBody(body, data, () => new MailFrame(format, input.timeZone ?? "UTC"))
      }),
  }
}
