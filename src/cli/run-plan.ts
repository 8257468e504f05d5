import type { CampaignStatus } from "sendstate"
import type { Counts, Mailbox } from "sendstate/sdk"
import { hoursText, repeatText, stepAudienceText, stepTimeText } from "./calendar-text.ts"
import type { CampaignFile } from "./campaign-file.ts"
import { countText, durationText, numberText } from "./duration-text.ts"
import type { DuplicateRow, LeadSurvey, RejectedRow } from "./lead-survey.ts"
import { type Output, printable } from "./output.ts"
import type { SmtpServer } from "./smtp-server.ts"
import { shownStore } from "./store-file.ts"
import { cutTo } from "./table.ts"
import { writeWarnings } from "./warning-text.ts"

/** What a run is about to do. */
export interface RunPlan {
  readonly file: CampaignFile
  readonly survey: LeadSurvey
  /** The mail server as it is shown; absent: none was named. */
  readonly server: SmtpServer | undefined
  readonly storeFile: string
  /** What is stored of the campaign already. */
  readonly stored: { readonly status: CampaignStatus; readonly counts: Counts } | undefined
  /** What `--speed` asks for. */
  readonly speed: number | undefined
}

const listed = 1_000

const shownRows = <Row>(output: Output, rows: ReadonlyArray<Row>, textOf: (row: Row) => string): void => {
  for (const row of rows.slice(0, listed)) {
    const text = printable(textOf(row))
    output.line(`    ${output.isTerminal ? cutTo(text, Math.max(20, output.columns() - 5)) : text}`)
  }
  if (rows.length > listed) output.line(`    ... and ${numberText(rows.length - listed)} more`)
}

const duplicateText = (row: DuplicateRow): string =>
  "firstLine" in row ? `the same as line ${row.firstLine}` : `enrolled already, as lead ${row.enrolledAs}`

/** Lists the rows that will not be mailed, all with their line. */
const writeBadRows = (
  output: Output,
  { rejected, duplicates }: { rejected: ReadonlyArray<RejectedRow>; duplicates: ReadonlyArray<DuplicateRow> },
): void => {
  if (rejected.length > 0) {
    output.line(`  ${output.style("yellow", countText(rejected.length, "row"))} cannot be mailed:`)
    shownRows(output, rejected, ({ line, reason }) => `line ${line}: ${reason}`)
  }
  if (duplicates.length > 0) {
    output.line(
      `  ${output.style("yellow", countText(duplicates.length, "row"))} with an address that was there before:`,
    )
    shownRows(output, duplicates, (row) => `line ${row.line}: ${duplicateText(row)}`)
  }
}

const mailboxText = ({ name, address }: Mailbox): string => (name === undefined ? address : `${name} <${address}>`)

const doubtTexts = {
  hold: "held until you resolve it, never a second copy",
  assumeSent: "assumed sent",
  resend: "sent again, a second copy is possible",
} as const

const throughText = ({ shown, transport }: SmtpServer, leads: number): string => {
  const { maxPerSecond, maxConcurrency } = transport.capabilities
  const through = `${shown}, ${countText(maxConcurrency, "connection")}`
  if (maxPerSecond === undefined) return `${through}, as fast as it takes them`
  const least = durationText((leads / maxPerSecond) * 1_000)
  return `${through}, at most ${numberText(maxPerSecond)} a second: at least ${least} for each mail`
}

const storedText = ({ status, counts }: NonNullable<RunPlan["stored"]>): string => {
  const cause = status.cause === null ? "" : ` (${printable(status.cause)})`
  const mails = `${numberText(counts.sent)} sent, ${numberText(counts.failed)} failed, ${numberText(counts.inDoubt)} in doubt`
  return `${status.state}${cause}: ${mails}; nobody is mailed twice`
}

/** Shows what is going to happen. */
export const writePlan = (output: Output, { file, survey, server, storeFile, stored, speed }: RunPlan): void => {
  const { campaign } = file
  const line = (name: string, text: string): void => output.line(`  ${output.style("dim", name.padEnd(10))}${text}`)
  output.line(
    `${output.style("bold", campaign.id)}  ${countText(campaign.steps.length, "mail")} to ${countText(survey.leads, "lead")}`,
  )
  line("from", mailboxText(campaign.from))
  if (campaign.replyTo !== undefined) line("reply to", mailboxText(campaign.replyTo))
  for (const [index, step] of campaign.steps.entries())
    line(
      index === 0 ? "mails" : "",
      `${index + 1}. ${step.template}, ${stepTimeText(step, index === 0)}${stepAudienceText(step)}`,
    )
  if (campaign.repeat !== undefined) line("again", repeatText(campaign.repeat))
  if (campaign.calendar !== undefined) line("hours", hoursText(campaign.calendar, campaign.timeZone))
  if (campaign.attachments.length > 0) line("files", campaign.attachments.map(({ filename }) => filename).join(", "))
  const { retry } = campaign
  line(
    "retries",
    `${retry.attempts} attempts, first after ${durationText(retry.baseMs)}, at most ${durationText(retry.capMs)} apart`,
  )
  line("in doubt", doubtTexts[campaign.onUnknown])
  const actual = stored?.status.speed ?? speed ?? 1
  if (actual !== 1) line("speed", `${numberText(actual)} times as fast as real time`)
  if (server !== undefined) line("through", throughText(server, survey.leads))
  line("database", shownStore(storeFile))
  if (stored !== undefined) line("goes on", storedText(stored))
  if (stored !== undefined && speed !== undefined && speed !== stored.status.speed)
    line("", `--speed ${speed} is not used: the campaign was begun with ${stored.status.speed}, and keeps it`)
  writeBadRows(output, survey)
  writeWarnings(output, survey.warnings)
}
