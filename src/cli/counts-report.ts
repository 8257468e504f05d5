import { type CampaignState, type Counts, emptyCounts } from "sendstate/sdk"
import { countText, numberText } from "./duration-text.ts"
import type { LeadSurvey } from "./lead-survey.ts"
import type { Output } from "./output.ts"
import { writeTable } from "./table.ts"
import { warningObjects } from "./warning-text.ts"

/** Where a campaign stands, as reported. */
export interface CampaignReport {
  readonly campaign: string
  /** `null`: it is not stored. */
  readonly state: CampaignState | null
  readonly cause: string | null
  readonly counts: Counts
}

/** A campaign that nothing is stored of. */
export const unstored = (campaign: string): CampaignReport => ({
  campaign,
  state: null,
  cause: null,
  counts: emptyCounts,
})

const listed = 1_000

/** The one object of `run --json`: the conserved counts, flat, and what became of the rows of the file. */
export const reportObject = (
  { campaign, state, cause, counts }: CampaignReport,
  survey: Pick<LeadSurvey, "rejected" | "duplicates" | "warnings">,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  campaign,
  state,
  cause,
  ...counts,
  rejected: survey.rejected.length,
  duplicates: survey.duplicates.length,
  ...more,
  rejectedRows: survey.rejected.slice(0, listed),
  duplicateRows: survey.duplicates.slice(0, listed),
  warnings: warningObjects(survey.warnings),
})

const meanings: ReadonlyArray<readonly [keyof Counts, string]> = [
  ["scheduled", "wait for their time"],
  ["rendering", "are being rendered"],
  ["sending", "are being sent"],
  ["inDoubt", "may have been delivered: resolve them"],
  ["retrying", "wait for their next attempt"],
  ["sent", "were accepted"],
  ["failed", "were refused or could not be rendered"],
  ["suppressed", "must not be mailed"],
  ["skipped", "were skipped"],
  ["cancelled", "were cancelled"],
]

const names: Partial<Record<keyof Counts, string>> = { inDoubt: "in doubt" }

/** The counts as a table that adds up. */
export const writeCounts = (output: Output, counts: Counts): void => {
  const rows = meanings
    .filter(([bucket]) => counts[bucket] !== 0 || bucket === "sent")
    .map(([bucket, meaning]) => [names[bucket] ?? bucket, numberText(Number(counts[bucket])), meaning])
  writeTable(output, {
    head: ["mails", numberText(counts.planned), "planned so far"],
    rows,
    right: [1],
  })
  const { active, finished, ended } = counts.enrollments
  output.line()
  output.line(
    `  ${countText(active + finished + ended, "enrollment")}: ${numberText(finished)} went through all mails, ${numberText(ended)} stopped before, ${numberText(active)} still on the way.`,
  )
  if (counts.inDoubtTotal > 0)
    output.line(
      `  ${countText(counts.inDoubtTotal, "attempt")} ${counts.inDoubtTotal === 1 ? "was" : "were"} in doubt; ${numberText(counts.resent)} sent again (possible second copies), ${numberText(counts.unconfirmed)} assumed sent.`,
    )
}
