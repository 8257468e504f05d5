import { bucketOf, type ExecutionRow } from "sendstate/sdk"
import { type Output, printable } from "./output.ts"
import { cutTo, writeTable } from "./table.ts"
import { timeText } from "./time-text.ts"

const whenOf = (row: ExecutionRow): string => {
  const bucket = bucketOf(row)
  return bucket === "scheduled" || bucket === "retrying" ? `due ${timeText(row.scheduledFor)}` : timeText(row.updatedAt)
}

const reasonOf = ({ context: { reason, delivery } }: ExecutionRow): string => {
  const doubt = delivery === "unknown" ? "may have been delivered; " : delivery === "unconfirmed" ? "unconfirmed; " : ""
  return printable(`${doubt}${reason === null ? "" : `${reason.code} ${reason.text ?? ""}`}`).trim()
}

/** Executions one a line: what they are, where they stand and why. */
export const writeExecutions = (output: Output, rows: ReadonlyArray<ExecutionRow>): void =>
  writeTable(output, {
    head: ["execution", "lead", "mail", "state", "tries", "when", "why"],
    rows: rows.map((row) => [
      row.id,
      cutTo(printable(row.leadId), 36),
      String(row.step + 1),
      bucketOf(row),
      String(row.context.attempt),
      whenOf(row),
      reasonOf(row),
    ]),
    right: [2, 4],
  })
