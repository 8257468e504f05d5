import type { Issue } from "../../sdk/errors.ts"
import type { TemplateSource } from "../../sdk/renderer/renderer.ts"
import { compileBody } from "./compile-body.ts"
import type { CompiledBody, CompiledDocument } from "./compiled-template.ts"
import { limits } from "./limits.ts"
import { canonicalLocale } from "./locale.ts"

/** What became of a template: the document, or everything that is wrong with it. */
export type CompileResult =
  | { readonly ok: true; readonly document: CompiledDocument }
  | { readonly ok: false; readonly issues: ReadonlyArray<Issue> }

/** Compiles a template in all its locales. Plain JSON in and out, so that it can run in a worker. */
export const compileTemplate = async (source: TemplateSource): Promise<CompileResult> => {
  const variants = Object.entries(source.locales ?? {})
  if (variants.length > limits.locales)
    return { ok: false, issues: [{ path: "locales", message: `has more than ${limits.locales} locales` }] }
  const base = await compileBody(source, "")
  const issues = [...base.issues]
  const variables = new Set(base.variables)
  const locales: Record<string, CompiledBody> = {}
  for (const [tag, variant] of variants) {
    const locale = canonicalLocale(tag)
    if (locale === undefined || Object.hasOwn(locales, locale)) {
      const message = locale === undefined ? "is no BCP 47 language tag, like de or pt-BR" : "is there twice"
      issues.push({ path: `locales.${tag}`, message })
      continue
    }
    const result = await compileBody(variant, `locales.${tag}.`)
    issues.push(...result.issues)
    for (const name of result.variables) variables.add(name)
    if (result.body !== undefined) locales[locale] = { ...result.body, language: locale }
  }
  if (issues.length > 0 || base.body === undefined) return { ok: false, issues }
  return {
    ok: true,
    document: { format: 1, name: source.name, variables: [...variables].sort(), base: base.body, locales },
  }
}
