import { readdir, readFile, realpath, stat } from "node:fs/promises"
import { basename, dirname, join, sep } from "node:path"
import { Interrupted, InvalidInput, NotFound } from "../../sdk/errors.ts"
import type { TemplateSource } from "../../sdk/renderer/renderer.ts"
import { readFrontMatter, type TemplateFile } from "./front-matter.ts"
import { limits } from "./limits.ts"
import { canonicalLocale } from "./locale.ts"
import { scanTags } from "./template-tag.ts"

/** Endings of template files, the preferred first. */
export type TemplateEnding = ".mjml" | ".html" | ".hbs"

type Variant = Omit<TemplateSource, "name" | "locales">

const refuse = (path: string, message: string): InvalidInput =>
  new InvalidInput({
    code: "bad-template",
    retryable: false,
    issues: [{ path, message }],
    message: `${path} ${message}.`,
  })

/** The files of one template directory, read when asked: a changed file is seen at the next load. */
export class TemplateDirectory {
  readonly #path: string
  readonly #endings: ReadonlyArray<TemplateEnding>

  constructor(path: string, endings: ReadonlyArray<TemplateEnding>) {
    this.#path = path
    this.#endings = endings
  }

  /** @throws NotFound, InvalidInput (name, front matter, ambiguous files), Interrupted */
  async load(name: string, signal: AbortSignal): Promise<TemplateSource> {
    const folder = join(this.#path, dirname(name))
    const base = basename(name)
    const files = await readdir(folder).catch(() => [])
    const found = files.flatMap((file) => {
      const ending = this.#endings.find((candidate) => file.endsWith(candidate))
      if (ending === undefined || !file.startsWith(`${base}.`)) return []
      return [{ file, ending, locale: file.slice(base.length + 1, -ending.length) }]
    })
    const main = found.filter(({ file, ending }) => file === `${base}${ending}`)
    if (main.length === 0) throw await this.#notFound(name)
    if (main.length > 1)
      throw refuse(join(folder, base), `is there as ${main.map(({ ending }) => ending).join(" and ")}: keep one`)
    const variants = found.filter(({ locale }) => locale !== "").sort((a, b) => (a.file < b.file ? -1 : 1))
    const [first] = main
    if (first === undefined) throw await this.#notFound(name)
    const template = await this.#variant(folder, first.file, first.ending, undefined, signal)
    const locales: Record<string, Variant> = {}
    for (const { file, ending, locale } of variants) {
      const tag = canonicalLocale(locale)
      if (tag === undefined) throw refuse(join(folder, file), `has no language tag in its name: ${locale} is none`)
      if (locales[tag] !== undefined) throw refuse(join(folder, file), `is there twice for ${tag}: keep one`)
      locales[tag] = await this.#variant(folder, file, ending, locale, signal)
    }
    return { name, ...template, ...(variants.length === 0 ? {} : { locales }) }
  }

  async #variant(
    folder: string,
    file: string,
    ending: TemplateEnding,
    locale: string | undefined,
    signal: AbortSignal,
  ): Promise<Variant> {
    const path = join(folder, file)
    const { body, ...fields } = await readFrontMatter(path, (await this.#read(path, signal)) ?? "")
    const textFile = join(folder, `${file.slice(0, -ending.length)}.txt`)
    const ownText = await this.#read(textFile, signal)
    if (ownText !== undefined && fields.text !== undefined)
      throw refuse(textFile, `and text: in ${file} are both there: keep one`)
    const text = ownText ?? fields.text
    const partials: Record<string, string> = {}
    await this.#collect(body, ending === ".mjml" ? [".mjml", ".hbs"] : [".hbs", ".html"], "", locale, partials, signal)
    if (text !== undefined) await this.#collect(text, [".txt"], ".txt", locale, partials, signal)
    return compact({ ...fields, text, partials }, ending === ".mjml" ? { mjml: body } : { html: body })
  }

  /** Only the partials that the text uses, so that a change of another one is no new version of this template. */
  async #collect(
    text: string,
    endings: ReadonlyArray<string>,
    suffix: string,
    locale: string | undefined,
    into: Record<string, string>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const tag of scanTags(text).tags) {
      const key = tag.inner + suffix
      // A bad name is reported by the compiler, with its line; here it must only not be read.
      if (tag.kind !== "partial" || Object.hasOwn(into, key) || !/^[\w-]+(?:\/[\w-]+)*$/.test(tag.inner)) continue
      const tags = locale === undefined ? [""] : [`.${locale}`, ""]
      for (const path of tags.flatMap((part) =>
        endings.map((ending) => join(this.#path, "partials", tag.inner + part + ending)),
      )) {
        const content = await this.#read(path, signal)
        if (content === undefined) continue
        into[key] = content
        await this.#collect(content, endings, suffix, locale, into, signal)
        break
      }
    }
  }

  /** The file's text, or undefined when there is none. Links that lead out of the directory are refused. */
  async #read(path: string, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted)
      throw new Interrupted({
        code: "interrupted",
        retryable: true,
        message: `Reading ${path} was stopped by its caller.`,
      })
    const real = await realpath(path).catch(() => undefined)
    if (real === undefined) return undefined
    if (!real.startsWith((await realpath(this.#path)) + sep)) throw refuse(path, "leads out of the template directory")
    const { size } = await stat(real)
    if (size > limits.sourceChars * 4) throw refuse(path, `is larger than ${limits.sourceChars * 4} bytes`)
    return await readFile(real, { encoding: "utf8", signal })
  }

  async #notFound(name: string): Promise<NotFound> {
    const files = await readdir(this.#path).catch(() => undefined)
    const names = (files ?? []).flatMap((file) => {
      const ending = this.#endings.find((candidate) => file.endsWith(candidate))
      const stem = ending === undefined ? "" : file.slice(0, -ending.length)
      return stem === "" || stem.includes(".") ? [] : [stem]
    })
    const there =
      files === undefined
        ? `the directory ${this.#path} cannot be read`
        : names.length === 0
          ? `${this.#path} holds no templates`
          : `${this.#path} holds ${names.sort().slice(0, 20).join(", ")}`
    return new NotFound({
      code: "template-not-found",
      retryable: false,
      kind: "template",
      key: name,
      message: `There is no template "${name}": ${there}. Add ${name}${this.#endings[0] ?? ""}.`,
    })
  }
}

const compact = (
  fields: Omit<TemplateFile, "body" | "text"> & {
    readonly text: string | undefined
    readonly partials: Record<string, string>
  },
  body: { readonly mjml: string } | { readonly html: string },
): Variant => ({
  subject: fields.subject,
  ...body,
  ...(fields.text === undefined ? {} : { text: fields.text }),
  ...(Object.keys(fields.partials).length === 0 ? {} : { partials: fields.partials }),
  ...(fields.htmlSafe === undefined ? {} : { htmlSafe: fields.htmlSafe }),
})
