import type { Output } from "./output.ts"

/** A table of text: columns as wide as their content, numbers to the right. */
export interface TableOptions {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  /** Indexes of columns that stand to the right. */
  readonly right?: ReadonlyArray<number>
}

const segmenter = new Intl.Segmenter()
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u

/** Columns of a terminal that a text takes. */
const widthOf = (text: string): number => {
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

const padded = (text: string, width: number, right: boolean): string => {
  const space = " ".repeat(Math.max(0, width - widthOf(text)))
  return right ? space + text : text + space
}

/** The text cut to so many columns, with an ellipsis where something is missing. */
export const cutTo = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let cut = ""
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    used += wide.test(segment) ? 2 : 1
    if (used > width - 1) break
    cut += segment
  }
  return `${cut}…`
}

/** Writes a table. On a terminal its last column is cut to what fits. */
export const writeTable = (output: Output, { head, rows, right = [] }: TableOptions): void => {
  const widths = head.map((title, index) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ""))))
  const last = head.length - 1
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 2)
  const room = output.isTerminal ? Math.max(10, output.columns() - before) : Number.POSITIVE_INFINITY
  const lineOf = (cells: ReadonlyArray<string>): string =>
    cells
      .map((cell, index) => {
        const isRight = right.includes(index)
        if (index < last || isRight) return padded(cell, widths[index] ?? 0, isRight)
        return cutTo(cell, room)
      })
      .join("  ")
      .trimEnd()
  output.line(`  ${output.style("dim", lineOf(head))}`)
  for (const row of rows) output.line(`  ${lineOf(row)}`)
}
