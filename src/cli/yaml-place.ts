import { type Document, isMap, isNode, type LineCounter } from "yaml"

/** A YAML file that was read, with the means to say where in it something stands. */
export interface YamlSource {
  readonly path: string
  readonly document: Document
  readonly lines: LineCounter
}

/** The node at this path, if there is one. */
export const nodeAt = ({ document }: YamlSource, path: ReadonlyArray<string>): unknown =>
  path.length === 0 || path[0] === "" ? document.contents : document.getIn(path, true)

const keyAt = (source: YamlSource, path: ReadonlyArray<string>): unknown => {
  const parent = nodeAt(source, path.slice(0, -1))
  return isMap(parent) ? parent.items.find(({ key }) => String(key) === path.at(-1))?.key : undefined
}

/** Where it stands: `line 3, column 7`; of what is not there, where its nearest parent does. */
export const placeOf = (source: YamlSource, path: ReadonlyArray<string>, ofKey = false): string => {
  const node = ofKey ? keyAt(source, path) : nodeAt(source, path)
  const range = isNode(node) ? node.range : undefined
  if (range === undefined || range === null)
    return path.length === 0 ? "line 1, column 1" : placeOf(source, path.slice(0, -1))
  const { line, col } = source.lines.linePos(range[0])
  return `line ${line}, column ${col}`
}
