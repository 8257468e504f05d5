import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { Readable } from "node:stream"
import { parse } from "csv-parse"
import { InvalidInput } from "sendstate/sdk"

/** A row of a CSV file. */
export interface CsvRow {
  /** Line that it begins in, counted from 1. */
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

/** Lines that are no row. */
export interface BrokenRow {
  readonly line: number
  readonly problem: string
}

interface Parsed {
  readonly raw: string
  readonly record: ReadonlyArray<string>
}

const delimiters = [",", ";", "\t"]

const refuse = (file: string, message: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-lead-file",
    retryable: false,
    issues: [{ path: file, message }],
    message: `${file}: ${message}`,
  })

/** What separates the cells: what the first line has most of, as spreadsheets write `;` in many countries. */
const delimiterOf = async (file: string): Promise<string> => {
  const handle = await open(file)
  try {
    if ((await handle.stat()).isDirectory()) throw refuse(file, "it is a folder; give a CSV file that is in it")
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0)
    if (bytesRead > 1 && ((buffer[0] === 0xff && buffer[1] === 0xfe) || (buffer[0] === 0xfe && buffer[1] === 0xff)))
      throw refuse(file, "it is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)")
    const [first = ""] = buffer.toString("utf8", 0, bytesRead).split("\n")
    const counts = delimiters.map((delimiter) => first.split(delimiter).length)
    return delimiters[counts.indexOf(Math.max(...counts))] ?? ","
  } finally {
    await handle.close()
  }
}

/** The file as text, with one kind of line end: lines are counted by it. */
async function* textOf(file: string): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder()
  let held = ""
  for await (const chunk of createReadStream(file)) {
    const text = held + decoder.decode(chunk as Uint8Array, { stream: true })
    // A line end may be cut in two.
    held = text.endsWith("\r") ? "\r" : ""
    yield text.slice(0, text.length - held.length).replaceAll("\r\n", "\n")
  }
  yield (held + decoder.decode()).replaceAll("\r\n", "\n")
}

const newlines = (text: string): number => {
  let count = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1
  return count
}

const leading = (text: string): number => /^\n*/.exec(text)?.[0].length ?? 0

/**
 * The rows of a text, blank lines left out. A value whose quote is never closed would swallow the rest of the file: its
 * first line is answered as broken, and reading goes on with the next one.
 */
async function* rowsOf(
  text: AsyncIterable<string> | Iterable<string>,
  delimiter: string,
  before: number,
): AsyncGenerator<CsvRow | BrokenRow, void, void> {
  let unclosed: string | undefined
  const parser = parse({
    delimiter,
    record_delimiter: "\n",
    info: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (_error, raw) => {
      unclosed = raw
    },
  })
  const source = Readable.from(text)
  source.on("error", (error) => parser.destroy(error))
  let lines = before
  for await (const parsed of source.pipe(parser)) {
    const { raw, record } = parsed as Parsed
    yield { line: lines + leading(raw) + 1, cells: record }
    lines += newlines(raw)
  }
  if (unclosed === undefined) return
  const line = lines + leading(unclosed) + 1
  yield { line, problem: "a value begins with a quote that is never closed" }
  const end = unclosed.indexOf("\n", leading(unclosed))
  if (end >= 0) yield* rowsOf([unclosed.slice(end + 1)], delimiter, line)
}

/**
 * Streams a CSV file (RFC 4180, UTF-8 with or without mark; comma, semicolon or tab), the head line first.
 *
 * @throws InvalidInput when it is UTF-16.
 */
export async function* readCsv(file: string): AsyncGenerator<CsvRow | BrokenRow, void, void> {
  const delimiter = await delimiterOf(file)
  yield* rowsOf(textOf(file), delimiter, 0)
}
