import { createRequire } from "node:module"

type HtmlToText = typeof import("html-to-text")

interface TableNode {
  readonly name?: string | undefined
  readonly attribs?: Readonly<Record<string, string>> | undefined
  readonly parent?: TableNode | null | undefined
}

const isLayout = (row: TableNode): boolean => {
  let node = row.parent
  while (node !== undefined && node !== null && node.name !== "table") node = node.parent
  return node?.attribs?.role === "presentation"
}

let convert: ReturnType<HtmlToText["compile"]> | undefined

// Loaded at first use: most processes render templates that were compiled before and never need it. `require`, since a
// template whose text part depends on the values needs it inside a synchronous render.
const converter = (): ReturnType<HtmlToText["compile"]> => {
  if (convert !== undefined) return convert
  const { compile }: HtmlToText = createRequire(import.meta.url)("html-to-text")
  const block = { leadingLineBreaks: 2, trailingLineBreaks: 2 }
  const heading = { ...block, uppercase: false }
  convert = compile({
    wordwrap: false,
    selectors: [
      // MJML lays everything out with tables. As data tables their cells are glued together or padded apart.
      { selector: "table", format: "block", options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
      { selector: "tr", format: "row" },
      { selector: "td", format: "cell" },
      { selector: "th", format: "cell" },
      { selector: "div", format: "block", options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, format: "heading", options: heading })),
      { selector: "p", format: "paragraph", options: block },
      { selector: "a", format: "anchor", options: { hideLinkHrefIfSameAsText: true, linkBrackets: ["<", ">"] } },
      { selector: "img", format: "altText" },
      // The preheader (mj-preview) repeats the first lines for the inbox list; in text it would be read twice.
      ...["display:none", "display: none"].map((style) => ({ selector: `*[style*="${style}"]`, format: "skip" })),
      { selector: "head", format: "skip" },
      { selector: "title", format: "skip" },
      { selector: "style", format: "skip" },
    ],
    formatters: {
      // A row of a layout table is a component of the mail, a row of any other table is a line.
      row: (element, walk, builder) => {
        const breaks = isLayout(element) ? 2 : 1
        builder.openBlock({ leadingLineBreaks: breaks })
        walk(element.children, builder)
        builder.closeBlock({ trailingLineBreaks: breaks })
      },
      // Cells of one row stay on one line with a space between; a cell with blocks in it gets its own lines.
      cell: (element, walk, builder) => {
        walk(element.children, builder)
        builder.addInline(" ")
      },
      altText: (element, _walk, builder) => {
        const alt: unknown = element.attribs?.alt
        if (typeof alt === "string" && alt.trim() !== "") builder.addInline(alt)
      },
    },
  })
  return convert
}

/** Text without trailing spaces and with at most one empty line in a row. */
export const tidyText = (text: string): string =>
  `${text
    .split("\n")
    // Not by a pattern: one that looks for spaces before each line's end starts anew at every space.
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`

/** The text part of an HTML body: links behind their words, images by their alt text, no preheader. */
export const textOfHtml = (html: string): string => tidyText(converter()(html))
