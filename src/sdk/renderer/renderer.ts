import type { TokenPurpose } from "../signed-token.ts"

/**
 * A template with everything it needs, as loaded: what is hashed, stored and compiled.
 */
export interface TemplateSource {
  readonly name: string
  /** Handlebars for the subject line. */
  readonly subject: string
  /** MJML body; exactly one of `mjml` and `html` is set. */
  readonly mjml?: string
  readonly html?: string
  /** Own text part; default: derived from the HTML. */
  readonly text?: string
  /** Partials by name, as the body uses them. */
  readonly partials?: Readonly<Record<string, string>>
  /** Variants by locale (`de`, `pt-BR`); the lead's locale falls back to its language, then to the template itself. */
  readonly locales?: Readonly<Record<string, Omit<TemplateSource, "name" | "locales">>>
  /** Variables whose values are trusted HTML (`{{{name}}}` is refused for all others). */
  readonly htmlSafe?: ReadonlyArray<string>
}

/** JSON that a renderer made of a template: kept in storage by content hash, so that a restart compiles nothing. */
export type CompiledTemplate = Readonly<Record<string, unknown>>

/** What one mail is rendered from. */
export interface RenderInput {
  /** Values by name; plain JSON. `lead`, `campaign` and the lead's data are merged in by the runtime. */
  readonly variables: Readonly<Record<string, unknown>>
  /** BCP 47, of the lead, else of the campaign. */
  readonly locale?: string
  /** IANA zone for dates, of the lead, else of the campaign. */
  readonly timeZone?: string
  /** The mail; absent where there is none, as in a check of the template alone. */
  readonly executionId?: string
  /**
   * A token for a link of this mail, signed with the runtime's first key: who has its `signingKeys()` can read it. Absent
   * where no runtime renders.
   */
  readonly sign?: (purpose: TokenPurpose, words: ReadonlyArray<string>) => string
  /** The instant that `now` means, epoch milliseconds; the same for a resend of the same mail. */
  readonly now: number
}

/** A mail's content. */
export interface RenderedMail {
  readonly subject: string
  readonly html?: string
  readonly text: string
}

/** A compiled template made ready in this process. */
export interface PreparedTemplate {
  /**
   * Renders one mail; pure and synchronous, so that it cannot hang on I/O.
   *
   * @throws RenderError naming missing variables, or output beyond the renderer's limits.
   */
  render(input: RenderInput): RenderedMail
  /** Names of the top-level variables that the template reads. */
  readonly variables: ReadonlyArray<string>
}

/** Makes mail content of templates and values. */
export interface Renderer {
  readonly name: string
  /** Changes when the same template may compile to something else; part of the cache key. */
  readonly version: string
  /**
   * The template of that name with its partials and locales, from wherever this renderer keeps them.
   *
   * @throws NotFound when there is none.
   */
  load(name: string, options: { readonly signal: AbortSignal }): Promise<TemplateSource>
  /**
   * Compiles once per template version; checks everything that can be checked without a lead.
   *
   * @throws RenderError with all issues found.
   */
  compile(source: TemplateSource, options: { readonly signal: AbortSignal }): Promise<CompiledTemplate>
  /** Makes a compiled template ready for rendering; cheap enough to be done at each start. */
  prepare(compiled: CompiledTemplate): PreparedTemplate
  /** Gives back workers and files. */
  close?(): Promise<void>
}
