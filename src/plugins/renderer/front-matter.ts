import * as z from "zod"
import { parse } from "../../sdk/schema.ts"

const fields = z.strictObject({
  /** Handlebars for the subject line. */
  subject: z.string().min(1),
  /** Own text part. */
  text: z.string().optional(),
  /** Variables whose values are trusted HTML. */
  htmlSafe: z.array(z.string()).optional(),
})

/** A template file: its fields and what follows them. */
export interface TemplateFile {
  readonly subject: string
  readonly text?: string
  readonly htmlSafe?: ReadonlyArray<string>
  readonly body: string
}

/**
 * Reads the YAML between two `---` lines at the top of a template file.
 *
 * The lines of the block stay in the body as empty lines, so that line numbers in messages are those of the file.
 *
 * @throws InvalidInput naming the file and the field
 */
export const readFrontMatter = async (file: string, content: string): Promise<TemplateFile> => {
  const { parseDocument } = await import("yaml")
  const match = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(content)
  const yaml = parseDocument(match?.[1] ?? "")
  const problem =
    match === null
      ? "begins with a block between two --- lines that holds at least subject:"
      : yaml.errors[0]?.message.split("\n")[0]
  const checked = z.unknown().refine(() => problem === undefined, { message: problem ?? "" })
  parse(checked, content, `The template file ${file}`)
  const { subject, text, htmlSafe } = parse(
    fields,
    yaml.toJS({ maxAliasCount: 10 }) ?? {},
    `The front matter of ${file}`,
  )
  return {
    subject,
    ...(text === undefined ? {} : { text }),
    ...(htmlSafe === undefined ? {} : { htmlSafe }),
    body: "\n".repeat((match?.[0].match(/\n/g) ?? []).length) + content.slice(match?.[0].length ?? 0),
  }
}
