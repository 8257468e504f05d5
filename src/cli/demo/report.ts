import type { Explanation } from "sendstate"
import { buckets } from "sendstate/sdk"
import { messageIdOf, speed } from "./campaign.ts"
import type { DemoResult } from "./result.ts"

const number = (value: number): string => value.toLocaleString("en-US")

const row = (label: string, value: number, note = ""): string =>
  `  ${label.padEnd(14)}${number(value).padStart(7)}${note === "" ? "" : `   ${note}`}`

const minuteMs = 60_000
const two = (value: number): string => String(value).padStart(2, "0")

/** Campaign time since the beginning: `day 3, 00:14`. */
const campaignTime = (realMs: number): string => {
  const minutes = Math.floor((realMs * speed) / minuteMs)
  return `day ${Math.floor(minutes / 1_440) + 1}, ${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`
}

const countsTable = ({ counts }: DemoResult): ReadonlyArray<string> => {
  const shown = buckets.filter((bucket) => counts[bucket] > 0 || bucket === "sent" || bucket === "failed")
  return [
    ...shown.map((bucket) => row(bucket === "inDoubt" ? "in doubt" : bucket, counts[bucket])),
    `  ${"─".repeat(21)}`,
    row("planned", counts.planned, `= ${shown.map((bucket) => number(counts[bucket])).join(" + ")}`),
  ]
}

const troubles = ({ counts, retries, ledger, reasons }: DemoResult): ReadonlyArray<string> => {
  const secondCopies = ledger.copies.length - new Set(ledger.copies.map(({ messageId }) => messageId)).size
  return [
    row(
      "retries",
      retries,
      `after ${ledger.times("greylisted")} × 450 greylisted, ${ledger.times("busy")} × 451 busy, and every doubt`,
    ),
    row("were in doubt", counts.inDoubtTotal, "the connection died after the final dot: nobody on this side can know"),
    row(
      "resent",
      counts.resent,
      "the campaign says onUnknown: resend, so they were sent again, under the same Message-ID",
    ),
    row(
      "second copies",
      secondCopies,
      `the inbox knows: it had kept ${ledger.times("replyLost")} of those in doubt, and lost ${ledger.times("mailLost")}`,
    ),
    "",
    ...reasons.map(([reason, times]) => `  ${number(times).padStart(5)} × ${reason}`),
  ]
}

const story = ({ execution, history, summary }: Explanation, { ledger }: DemoResult): ReadonlyArray<string> => {
  const start = history[0]?.at ?? 0
  const copies = ledger.copiesOf(messageIdOf(execution.id)).length
  return [
    `Execution ${execution.id}, mail ${execution.step + 1} of 3 (campaign time since it was planned)`,
    ...history.map(
      ({ at, type, text }) => `  ${campaignTime(at - start)}   ${type === "SCHEDULED" ? "planned" : text}`,
    ),
    `  so: ${summary}. The inbox has ${copies === 1 ? "one copy" : `${copies} copies`}.`,
  ]
}

const verdict = ({ differences, ledger, counts }: DemoResult): ReadonlyArray<string> =>
  differences.length === 0
    ? [
        `✓ The report equals the inbox's own ledger, message by message: ${number(ledger.copies.length)} mails for ${number(counts.sent)} sent executions.`,
      ]
    : [
        `✗ The report and the inbox's ledger differ in ${number(differences.length)} ${differences.length === 1 ? "point" : "points"}:`,
        ...differences.slice(0, 50).map((difference) => `  ${difference}`),
      ]

/** Quoted only where a shell needs it. */
const shellWord = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** The report as a person reads it. `program` is how this person starts sendstate. */
export const report = (result: DemoResult, program: string): string => {
  const database = shellWord(result.database)
  const tries = [`${program} status --db ${database}`]
  if (result.example !== undefined) tries.push(`${program} explain ${result.example.execution.id} --db ${database}`)
  tries.push(`${program} list --state failed --db ${database}`)
  return [
    "",
    `${number(result.enrolled)} leads, ${number(result.counts.planned)} mails planned, done in ${(result.elapsedMs / 1_000).toFixed(1)} s`,
    "",
    ...countsTable(result),
    "",
    ...troubles(result),
    "",
    ...(result.example === undefined ? [] : [...story(result.example, result), ""]),
    ...verdict(result),
    "",
    `The database is ${result.database}. Look into it:`,
    ...tries.map((line) => `  ${line}`),
    "",
  ].join("\n")
}
