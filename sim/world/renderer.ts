import { largestMailBytes } from "../../src/actors/execution/mail-size.ts"
import { type CompiledTemplate, RenderError, type RenderedMail, type Renderer } from "../../src/sdk/index.ts"
import type { Faults } from "../faults/faults.ts"
import { type Host, never } from "./host.ts"

// More than any mail may have.
const giant = "x".repeat(largestMailBytes)

const renderError = (template: string, code: string, retryable: boolean): RenderError =>
  new RenderError({
    template,
    code,
    retryable,
    issues: [],
    message: `The template ${template} fails on purpose: ${code}.`,
  })

/** A renderer that models what rendering may do, without rendering. */
export const simulatedRenderer = (faults: Pick<Faults, "render" | "compile">, host: Host): Renderer => {
  const work = async (template: string): Promise<void> => {
    await host.after(1)
    await host.pass(`while ${template} is compiled`)
    const fault = faults.compile()
    if (fault === "throws") throw new Error("the renderer broke")
    if (fault === "hangs") await never()
  }
  const render = (template: string, address: string): RenderedMail => {
    switch (faults.render()) {
      case "missing":
        throw renderError(template, "missing-variables", false)
      case "busy":
        throw renderError(template, "busy", true)
      case "breaks":
        throw new Error("the renderer broke")
      case "giant":
        return { subject: template, html: giant, text: "x" }
      case "none":
        return { subject: template, html: `<p>${address}</p>`, text: address }
    }
  }
  return {
    name: "simulated",
    version: "1",
    load: async (name) => {
      await work(name)
      return { name, subject: name, html: "<p>Hello</p>" }
    },
    compile: async (source) => {
      await work(source.name)
      return { name: source.name } satisfies CompiledTemplate
    },
    prepare: (compiled) => ({
      variables: [],
      render: ({ variables }) => render(String(compiled.name), String(variables.email)),
    }),
  }
}
