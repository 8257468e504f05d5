import type { Renderer } from "../sdk/index.ts"

/** Renders every template without reading one: what a mail says does not matter to when it is sent. */
export const modelledRenderer: Renderer = {
  name: "modelled",
  version: "1",
  load: async (name) => ({ name, subject: name, html: "" }),
  compile: async ({ name }) => ({ name }),
  prepare: ({ name }) => ({
    variables: [],
    render: () => ({ subject: String(name), text: String(name) }),
  }),
}
