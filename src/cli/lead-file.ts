import { addressKey, InvalidInput, type Lead, leadSchema, parse } from "sendstate/sdk"
import { readCsv } from "./csv-rows.ts"
import { columnsOf, type LeadColumns, leadOfCells } from "./lead-columns.ts"

/** A row of a lead file, judged. Lines are counted from 1. */
export type LeadRow =
  | { readonly type: "lead"; readonly line: number; readonly lead: Lead }
  | { readonly type: "rejected"; readonly line: number; readonly reason: string }
  /** The same address as in an earlier line: not mailed twice. */
  | { readonly type: "duplicate"; readonly line: number; readonly firstLine: number }

const shortened = (reason: string): string => (reason.length > 300 ? `${reason.slice(0, 297)}...` : reason)

// In a list of rows the sentence around the reason would be the same on each line.
const bare = (message: string): string =>
  message.replace(/^The address is refused: /, "").replace(/\. Give exactly one mailbox, like \S+$/, "")

const leadOf = (columns: LeadColumns, cells: ReadonlyArray<string>): Lead | string => {
  const input = leadOfCells(columns, cells)
  if (typeof input === "string") return input
  try {
    return parse(leadSchema, input, "The lead")
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    return shortened(error.issues.map(({ path, message }) => `${path}: ${bare(message)}`).join("; "))
  }
}

/**
 * Streams the leads of a CSV file; every row is answered, as a lead or with the reason why not. Keeps each address and
 * own id in memory (about 100 bytes a row), so that a second row for one person is seen.
 *
 * @throws InvalidInput when the file as a whole cannot be read: no column email, UTF-16.
 */
export async function* readLeads(file: string): AsyncGenerator<LeadRow, void, void> {
  let columns: LeadColumns | undefined
  const byAddress = new Map<string, number>()
  const byId = new Map<string, number>()

  const judge = (line: number, lead: Lead): LeadRow => {
    const address = addressKey(lead.email)
    const firstLine = byAddress.get(address)
    if (firstLine !== undefined) return { type: "duplicate", line, firstLine }
    const sameId = byId.get(lead.id)
    if (sameId !== undefined)
      return { type: "rejected", line, reason: `the id "${lead.id}" belongs to another address in line ${sameId}` }
    byAddress.set(address, line)
    byId.set(lead.id, line)
    return { type: "lead", line, lead }
  }

  for await (const row of readCsv(file)) {
    if ("problem" in row) yield { type: "rejected", line: row.line, reason: row.problem }
    else if (columns === undefined) columns = columnsOf(file, row.cells)
    else {
      const lead = leadOf(columns, row.cells)
      yield typeof lead === "string" ? { type: "rejected", line: row.line, reason: lead } : judge(row.line, lead)
    }
  }
  if (columns === undefined) columnsOf(file, [])
}
