/**
 * A process of its own that compiles one huge template: `bomb-process.ts handlebars|mjml`. Prints how it was refused, and by
 * how many megabytes the whole process, its workers included, has ever grown since a small template was compiled.
 */
import process from "node:process"
import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"

const isMjml = process.argv[2] === "mjml"
const renderer = isMjml ? mjml({ templates: {} }) : handlebars({ templates: {} })
const { signal } = new AbortController()

const compile = (body: string): Promise<unknown> => {
  const source = isMjml
    ? {
        mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>${body}</mj-text></mj-column></mj-section></mj-body></mjml>`,
      }
    : { html: body }
  return renderer.compile({ name: "test", subject: "Hello", ...source }, { signal })
}

/** Megabytes; `maxRSS` is in kilobytes. */
const peak = (): number => process.resourceUsage().maxRSS / 1_024

await compile("Hello {{name}}")
const before = peak()
const code = await compile("{{a}}".repeat(2 ** 20 / 5)).then(
  () => "compiled",
  (error: unknown) => (error as { readonly code: string }).code,
)
await renderer.close?.()
process.stdout.write(JSON.stringify({ code, grownMb: Math.round(peak() - before) }))
