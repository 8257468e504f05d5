import process from "node:process"
import { styleText } from "node:util"

type Style = Parameters<typeof styleText>[0]

// What a mail server answered is shown on a terminal: no escape sequence of its own may reach it.
// Written out, since help and usage errors are shown without loading the SDK that has the same.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Foreign text on one line, without anything that a terminal would obey. */
export const printable = (text: string): string => text.replace(/[\r\n\t]+/g, " ").replace(controls, "\ufffd")

/** Text for one of the two streams: plain unless it is a terminal that wants colour. */
const styled =
  (stream: NodeJS.WriteStream) =>
  (style: Style, text: string): string =>
    styleText(style, text, { stream, validateStream: true })

/** One of the process's streams as commands use it. */
export interface Output {
  readonly isTerminal: boolean
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: () => number
  readonly line: (text?: string) => void
  /** As it is, without a line end. */
  readonly raw: (text: string) => void
  readonly style: (style: Style, text: string) => string
  /** Answers once what was written so far is taken: a pipe is not filled faster than it is read. */
  readonly ready: () => Promise<void>
  /** Whether nobody reads any more (`| head`). */
  readonly isClosed: () => boolean
}

const outputOf = (stream: NodeJS.WriteStream): Output => {
  let closed = false
  // A reader that went away is no failure of ours; what runs goes on.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    closed = true
    if (error.code !== "EPIPE") process.exitCode = 1
  })
  const raw = (text: string): void => {
    if (!closed) stream.write(text)
  }
  return {
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns ?? 80,
    raw,
    line: (text = "") => raw(`${text}\n`),
    style: styled(stream),
    ready: () =>
      closed || !stream.writableNeedDrain
        ? Promise.resolve()
        : new Promise((resolve) => {
            stream.once("drain", resolve)
            stream.once("close", resolve)
            stream.once("error", () => resolve())
          }),
    isClosed: () => closed,
  }
}

/** Results. */
export const out: Output = outputOf(process.stdout)

/** Everything else: progress, questions, errors. */
export const err: Output = outputOf(process.stderr)

/** The one object that ends a command's output with `--json`. */
export const writeJson = (value: unknown): void => out.line(JSON.stringify(value))
