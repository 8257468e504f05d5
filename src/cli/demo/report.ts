import type { Explanation } from "sendstate"
import { buckets } from "sendstate/sdk"
import { writeCounts } from "../counts-report.ts"
import { countText, durationText, numberText } from "../duration-text.ts"
import { type Output, printable } from "../output.ts"
import { messageIdOf, speed } from "./campaign.ts"
import type { DemoResult } from "./result.ts"

const numberWidth = 6

const writeFact = (output: Output, label: string, value: number, note: string): void =>
  output.line(`  ${label.padEnd(13)}  ${numberText(value).padStart(numberWidth)}  ${output.style("dim", note)}`)

const writeSum = (output: Output, { counts }: DemoResult): void => {
  const parts = buckets.map((bucket) => counts[bucket]).filter((count) => count > 0)
  output.line(`  ${numberText(counts.planned)} planned = ${parts.map(numberText).join(" + ")}`)
}

const writeTroubles = (output: Output, { counts, retries, ledger, reasons }: DemoResult): void => {
  const secondCopies = ledger.copies.length - new Set(ledger.copies.map(({ messageId }) => messageId)).size
  const [greylisted, busy, kept, lost] = (["greylisted", "busy", "replyLost", "mailLost"] as const).map((fate) =>
    numberText(ledger.times(fate)),
  )
  writeFact(output, "retries", retries, `after ${greylisted} × 450 greylisted, ${busy} × 451 busy, and each doubt`)
  writeFact(
    output,
    "were in doubt",
    counts.inDoubtTotal,
    "the connection died after the final dot: nobody here can know",
  )
  writeFact(output, "resent", counts.resent, "onUnknown: resend sends again, under the same Message-ID")
  writeFact(
    output,
    "second copies",
    secondCopies,
    `only the inbox knows: of those in doubt it kept ${kept} and lost ${lost}`,
  )
  for (const [reason, times] of reasons) writeFact(output, reason.outcome, times, printable(reason.text))
}

const writeStory = (output: Output, explanation: Explanation, { ledger }: DemoResult): void => {
  const { execution, history, summary } = explanation
  const start = history[0]?.at ?? 0
  const copies = ledger.copiesOf(messageIdOf(execution.id)).length
  output.line(
    `Execution ${execution.id}, mail ${execution.step + 1}, seconds since it was planned (each is ${durationText(speed * 1_000)} of campaign):`,
  )
  for (const { at, type, text } of history)
    output.line(
      `  ${output.style("dim", ((at - start) / 1_000).toFixed(3).padStart(7))}  ${type === "SCHEDULED" ? "planned" : printable(text)}`,
    )
  output.line(`  So it is ${printable(summary)}. In the inbox: ${countText(copies, "mail")}.`)
}

const listedDifferences = 50

const writeVerdict = (output: Output, { differences, ledger, counts }: DemoResult): void => {
  if (differences.length > 0) {
    output.line(
      output.style("red", `✗ The report and the inbox's own ledger differ (${numberText(differences.length)}):`),
    )
    for (const difference of differences.slice(0, listedDifferences)) output.line(`  ${printable(difference)}`)
    return
  }
  const opened = ledger.copies.filter(({ faults }) => faults !== undefined).length
  output.line(
    output.style("green", "✓ The report equals the inbox's own ledger, message by message: ") +
      `${countText(ledger.copies.length, "mail")} for ${numberText(counts.sent)} sent.`,
  )
  output.line(`  ${countText(opened, "mail")} opened with mailparser: all well-formed.`)
}

/** Quoted only where a shell needs it. */
const shellWord = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** The report as a person reads it. `program` is how this person starts sendstate. */
export const writeReport = (output: Output, result: DemoResult, program: string): void => {
  const { enrolled, counts, example, elapsedMs } = result
  const database = shellWord(result.database)
  output.line()
  output.line(
    `${countText(enrolled, "lead")}, ${countText(counts.planned, "mail")}, ${(elapsedMs / 1_000).toFixed(1)} s.`,
  )
  output.line()
  writeCounts(output, counts)
  writeSum(output, result)
  output.line()
  writeTroubles(output, result)
  output.line()
  if (example !== undefined) {
    writeStory(output, example, result)
    output.line()
  }
  writeVerdict(output, result)
  output.line()
  output.line(`The database is ${result.database}. Look into it:`)
  output.line(`  ${program} status --db ${database}`)
  if (example !== undefined) output.line(`  ${program} explain ${example.execution.id} --db ${database}`)
  if (counts.failed > 0) output.line(`  ${program} list --state failed --db ${database}`)
}
