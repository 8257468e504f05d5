import type { CampaignStatus } from "sendstate"
import { type Counts, domainOf, type Mailbox } from "sendstate/sdk"
import { hoursText, repeatText, stepAudienceText, stepTimeText } from "./calendar-text.ts"
import { type CampaignFile, hasTriggers } from "./campaign-file.ts"
import { countText, durationText, numberText } from "./duration-text.ts"
import type { DuplicateRow, LeadSurvey, RejectedRow } from "./lead-survey.ts"
import { takesSender } from "./listed-transport.ts"
import { type Output, printable } from "./output.ts"
import type { RunTransport } from "./run-transport.ts"
import { shownStore } from "./store-file.ts"
import { cutTo } from "./table.ts"
import { writeWarnings } from "./warning-text.ts"

/** What a run is about to do. */
export interface RunPlan {
  readonly file: CampaignFile
  readonly survey: LeadSurvey
  /** In their order; empty: none was named. */
  readonly transports: ReadonlyArray<RunTransport>
  readonly storeFile: string
  /** What is stored of the campaign already. */
  readonly stored: { readonly status: CampaignStatus; readonly counts: Counts } | undefined
  /** Whether leads may come again that were in before. */
  readonly again: boolean
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

// What is given only a part of the mails is done with that part sooner.
const throughText = (
  { shown, provider, transport }: RunTransport,
  leads: number,
  share: number,
  part: string,
): string => {
  const { maxPerSecond, maxConcurrency } = transport.capabilities
  const atOnce =
    provider === "smtp" ? countText(maxConcurrency, "connection") : `${countText(maxConcurrency, "request")} at once`
  const through = `${shown}${part}, ${atOnce}`
  if (maxPerSecond === undefined) return `${through}, as fast as it takes them`
  const rate = `${through}, at most ${numberText(maxPerSecond)} a second`
  if (share === 0) return rate
  const least = durationText(((leads * share) / maxPerSecond) * 1_000)
  return `${rate}: at least ${least} for ${share === 1 ? "each mail" : "its part of each mail"}`
}

/** One line for each transport; with what part of the mails it has, where there are several. */
const throughTexts = (
  transports: ReadonlyArray<RunTransport>,
  leads: number,
  sender: string,
): ReadonlyArray<string> => {
  const takers = transports.filter((transport) => takesSender(transport, sender))
  const whole = takers.reduce((sum, { weight }) => sum + weight, 0)
  const width = Math.max(0, ...transports.map(({ name }) => name?.length ?? 0))
  return transports.map((transport) => {
    const name = transport.name === undefined ? "" : `${transport.name.padEnd(width)}  `
    if (!takers.includes(transport)) return `${name}${transport.shown}, not for ${sender}`
    // Of several that all are spares the first one has it all.
    const share = whole > 0 ? transport.weight / whole : transport === takers[0] ? 1 : 0
    const part =
      takers.length === 1
        ? ""
        : share === 0
          ? ", only when the others are out"
          : `, ${numberText(Math.round(share * 100))} % of the mails`
    return `${name}${throughText(transport, leads, share, part)}`
  })
}

/** What comes before the campaign's policy, where a transport has means against doubt. */
const evidenceTexts = (transports: ReadonlyArray<RunTransport>): ReadonlyArray<string> =>
  transports.flatMap(({ name, shown, transport }) => {
    const { idempotent } = transport.capabilities
    const through = `through ${name ?? shown}: first`
    if (transport.lookup !== undefined) return [`${through} looked up there, what is found was sent`]
    if (idempotent === undefined) return []
    return [`${through} sent again under the same key, no second copy within ${durationText(idempotent.ttlMs)}`]
  })

const trackedText = ({ opens, clicks, baseUrl }: NonNullable<CampaignFile["tracking"]>): string =>
  opens || clicks
    ? `${[...(opens ? ["opens"] : []), ...(clicks ? ["clicks"] : [])].join(" and ")}, at ${baseUrl}`
    : "nothing"

const storedText = ({ status, counts }: NonNullable<RunPlan["stored"]>, again: boolean): string => {
  const cause = status.cause === null ? "" : ` (${printable(status.cause)})`
  const mails = `${numberText(counts.sent)} sent, ${numberText(counts.failed)} failed, ${numberText(counts.inDoubt)} in doubt`
  return `${status.state}${cause}: ${mails}; ${again ? "who has ended may come again" : "nobody is mailed twice"}`
}

/** Shows what is going to happen. */
export const writePlan = (
  output: Output,
  { file, survey, transports, storeFile, stored, again, speed }: RunPlan,
): void => {
  const { campaign } = file
  const line = (name: string, text: string): void => output.line(`  ${output.style("dim", name.padEnd(10))}${text}`)
  const whom = survey.leads === 0 && hasTriggers(file) ? "whom its triggers let in" : countText(survey.leads, "lead")
  output.line(`${output.style("bold", campaign.id)}  ${countText(campaign.steps.length, "mail")} to ${whom}`)
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
  if (file.tracking !== undefined) line("tracked", trackedText(file.tracking))
  const { retry } = campaign
  line(
    "retries",
    `${retry.attempts} attempts, first after ${durationText(retry.baseMs)}, at most ${durationText(retry.capMs)} apart`,
  )
  line("in doubt", doubtTexts[campaign.onUnknown])
  for (const text of evidenceTexts(transports)) line("", text)
  const actual = stored?.status.speed ?? speed ?? 1
  if (actual !== 1) line("speed", `${numberText(actual)} times as fast as real time`)
  for (const [index, text] of throughTexts(transports, survey.leads, domainOf(campaign.from.address)).entries())
    line(index === 0 ? "through" : "", text)
  line("database", shownStore(storeFile))
  if (stored !== undefined) line("goes on", storedText(stored, again))
  if (stored !== undefined && speed !== undefined && speed !== stored.status.speed)
    line("", `--speed ${speed} is not used: the campaign was begun with ${stored.status.speed}, and keeps it`)
  writeBadRows(output, survey)
  writeWarnings(output, survey.warnings)
}
