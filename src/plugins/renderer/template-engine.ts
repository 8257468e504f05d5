import * as z from "zod"
import { InvalidInput, NotFound } from "../../sdk/errors.ts"
import type { CompiledTemplate, Renderer, TemplateSource } from "../../sdk/renderer/renderer.ts"
import { parse } from "../../sdk/schema.ts"
import { type GivenTemplate, givenTemplate } from "./given-template.ts"
import { prepareTemplate } from "./prepared-template.ts"
import { renderError } from "./render-failure.ts"
import { TemplateCompiler } from "./template-compiler.ts"
import { TemplateDirectory, type TemplateEnding } from "./template-directory.ts"
import { checkTemplateName } from "./template-name.ts"

/** Where templates come from, and what compiling one may take. */
export interface TemplateOptions {
  /**
   * Directory of templates: `<name>.mjml` (or `.html`, `.hbs`) with a front matter block, `<name>.<locale>.mjml` for other
   * languages, `<name>.txt` for an own text part, `partials/<name>.mjml` for `{{> name}}`. Files are read at each load.
   */
  readonly directory?: string
  /** Templates by name; looked up before the directory. */
  readonly templates?: Readonly<Record<string, GivenTemplate>>
  /** Milliseconds that compiling one template may take, from its start. Default 20,000, minimum 100. */
  readonly compileDeadlineMs?: number
  /** Mebibytes of heap for compiling, in its own thread. Default 256, minimum 16; MJML itself needs about 40. */
  readonly compileMemoryMb?: number
}

/** The schema of TemplateOptions. */
export const templateOptions = z
  .strictObject({
    directory: z.string().min(1).optional(),
    templates: z.record(z.string(), givenTemplate).optional(),
    compileDeadlineMs: z.int().min(100).max(600_000).default(20_000),
    compileMemoryMb: z.int().min(16).max(4_096).default(256),
  })
  .refine((options) => options.directory !== undefined || options.templates !== undefined, {
    message: "needs directory or templates",
  })

/** Milliseconds after which an idle compile worker gives its memory back. */
const idleMs = 10_000

// Values that are undefined in checked options are absent in a TemplateSource.
const withoutUndefined = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

/** What the renderers `mjml` and `handlebars` have in common: everything but the kind of file they take. */
export const templateEngine = (
  options: z.infer<typeof templateOptions>,
  kind: { readonly version: string; readonly endings: ReadonlyArray<TemplateEnding>; readonly takesMjml: boolean },
): Omit<Renderer, "name"> => {
  const directory = options.directory === undefined ? undefined : new TemplateDirectory(options.directory, kind.endings)
  const given = new Map(Object.entries(options.templates ?? {}))
  const compiler = new TemplateCompiler({
    deadlineMs: options.compileDeadlineMs,
    memoryMb: options.compileMemoryMb,
    idleMs,
  })

  const checkBody = (source: TemplateSource): void => {
    const { name, ...template } = source
    parse(givenTemplate, template, `Template "${name}"`)
    const bodies: ReadonlyArray<Pick<TemplateSource, "mjml">> = [source, ...Object.values(source.locales ?? {})]
    if (kind.takesMjml || bodies.every((body) => body.mjml === undefined)) return
    const message = "is MJML, which this renderer does not take: use mjml() from sendstate/renderer/mjml, or give html"
    throw renderError(name, "template-invalid", "cannot be compiled", [{ path: "mjml", message }])
  }

  return {
    version: kind.version,
    async load(name, { signal }) {
      checkTemplateName(name)
      const template = given.get(name)
      if (template !== undefined) return withoutUndefined({ name, ...template }) as TemplateSource
      if (directory !== undefined) return directory.load(name, signal)
      throw new NotFound({
        code: "template-not-found",
        retryable: false,
        kind: "template",
        key: name,
        message: `There is no template "${name}": templates holds ${[...given.keys()].sort().slice(0, 20).join(", ") || "none"}.`,
      })
    },
    async compile(source, { signal }): Promise<CompiledTemplate> {
      try {
        checkBody(source)
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error
        throw renderError(source.name, "template-invalid", "cannot be compiled", error.issues, { cause: error })
      }
      const result = await compiler.compile(source, signal)
      if (result.ok) return result.document
      throw renderError(source.name, "template-invalid", "cannot be compiled", result.issues)
    },
    prepare: prepareTemplate,
    close: () => compiler.close(),
  }
}
