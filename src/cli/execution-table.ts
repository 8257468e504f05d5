import { bucketOf, type ExecutionRow } from "sendstate/sdk"
import { type Output, printable } from "./output.ts"
import { cutTo, writeTable } from "./table.ts"
import { shortTimeText } from "./time-text.ts"

const whenOf = (row: ExecutionRow): string => {
  const bucket = bucketOf(row)
  return bucket === "scheduled" || bucket === "retrying"
    ? `due ${shortTimeText(row.scheduledFor)}`
    : shortTimeText(row.updatedAt)
}

const reasonOf = ({ context: { reason, delivery } }: ExecutionRow): string => {
  const doubt = delivery === "unknown" ? "may have been delivered; " : delivery === "unconfirmed" ? "unconfirmed; " : ""
  return printable(`${doubt}${reason === null ? "" : `${reason.code} ${reason.text ?? ""}`}`).trim()
}

/** Columns of a terminal for a lead: fewer where the reasons need them. */
const leadWidth = { alone: 36, besideReasons: 24 } as const

/** Executions one a line: what they are, where they stand and why. On a terminal long leads are cut. */
export const writeExecutions = (output: Output, rows: ReadonlyArray<ExecutionRow>): void => {
  const reasons = rows.map(reasonOf)
  const width = reasons.some((reason) => reason !== "") ? leadWidth.besideReasons : leadWidth.alone
  const leadOf = (row: ExecutionRow): string =>
    output.isTerminal ? cutTo(printable(row.leadId), width) : printable(row.leadId)
  writeTable(output, {
    head: ["execution", "lead", "mail", "state", "tries", "when", "why"],
    rows: rows.map((row, index) => [
      row.id,
      leadOf(row),
      String(row.step + 1),
      bucketOf(row),
      String(row.context.attempt),
      whenOf(row),
      reasons[index] ?? "",
    ]),
    right: [2, 4],
  })
}
