import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { finished } from "node:stream/promises"
import { defineCommand } from "citty"
import { csvLine } from "../csv-line.ts"
import { countText } from "../duration-text.ts"
import type { ExecutionObject } from "../execution-object.ts"
import { bucketsOf, filterOf, selectionArgs } from "../execution-selection.ts"
import { executionObjects } from "../execution-stream.ts"
import { exitCodes } from "../exit-code.ts"
import { err, out, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

type Format = "csv" | "ndjson"

const columns: ReadonlyArray<keyof ExecutionObject> = [
  "execution",
  "campaign",
  "lead",
  "email",
  "step",
  "state",
  "attempts",
  "doubts",
  "resent",
  "delivery",
  "via",
  "reason",
  "reasonText",
  "scheduledFor",
  "createdAt",
  "updatedAt",
]

async function* linesOf(format: Format, objects: AsyncIterable<ExecutionObject>): AsyncGenerator<string, void, void> {
  if (format === "csv") yield csvLine(columns)
  for await (const object of objects)
    yield format === "csv" ? csvLine(columns.map((column) => object[column])) : `${JSON.stringify(object)}\n`
}

const toStdout = async (lines: AsyncIterable<string>): Promise<number> => {
  let count = 0
  for await (const line of lines) {
    if (out.isClosed()) break
    out.raw(line)
    count += 1
    await out.ready()
  }
  return count
}

/** Under another name until it is whole; for its owner only, since it holds addresses. */
const toFile = async (file: string, lines: AsyncIterable<string>): Promise<number> => {
  const part = `${file}.part`
  const stream = createWriteStream(part, { mode: 0o600 })
  let count = 0
  try {
    await once(stream, "open")
    for await (const line of lines) {
      if (!stream.write(line)) await once(stream, "drain")
      count += 1
    }
    stream.end()
    await finished(stream)
    await rename(part, file)
    return count
  } catch (error) {
    stream.destroy()
    await rm(part, { force: true })
    throw error
  }
}

const formatOf = (csv: boolean, ndjson: boolean, json: boolean, file: string | undefined): Format => {
  if (csv && ndjson) throw new UsageError("--csv or --ndjson, not both.")
  if (csv || ndjson) return csv ? "csv" : "ndjson"
  if (file?.endsWith(".csv") === true) return "csv"
  if (file?.endsWith(".ndjson") === true || (json && file === undefined)) return "ndjson"
  throw new UsageError("As what? --csv or --ndjson.")
}

/** `sendstate export`. */
export const exportCommand = defineCommand({
  meta: { name: "export" },
  args: {
    csv: { type: "boolean", description: "For spreadsheets" },
    ndjson: { type: "boolean", description: "One JSON object a line, exact" },
    out: { type: "string", valueHint: "FILE", description: "Write to this file instead of stdout" },
    state: { type: "string", valueHint: "STATE[,STATE]", description: "Only these" },
    ...selectionArgs,
    ...storeArgs,
  },
  run: ({ args }) => {
    const { out: file, json } = args
    const format = formatOf(args.csv === true, args.ndjson === true, json === true, file)
    if (json === true && format === "csv" && file === undefined)
      throw new UsageError("--csv with --json needs --out FILE: stdout is for JSON then.")
    const filter = filterOf(args, bucketsOf(args.state))
    return withStore(args.db, async (store) => {
      const lines = linesOf(format, executionObjects(store, filter))
      const written = file === undefined ? await toStdout(lines) : await toFile(file, lines)
      const executions = format === "csv" ? Math.max(0, written - 1) : written
      if (json === true) writeJson({ executions, format, file: file ?? null })
      else if (file !== undefined) err.line(`${countText(executions, "execution")} written to ${file}`)
      return exitCodes.done
    })
  },
})
