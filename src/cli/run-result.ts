import { hasTriggers } from "./campaign-file.ts"
import { type CampaignRunResult, storedReport } from "./campaign-run.ts"
import { type CampaignReport, reportObject, unstored, writeCounts } from "./counts-report.ts"
import { countText } from "./duration-text.ts"
import type { LeadSurvey } from "./lead-survey.ts"
import { printable, writeJson } from "./output.ts"
import type { RunRequest } from "./run-request.ts"
import { shownStore, storeExists } from "./store-file.ts"

/** What to do next, where there is something to do. */
const hintsOf = ({ state, cause, counts }: CampaignReport, db: string): ReadonlyArray<string> => [
  ...(state === "degraded"
    ? [`It stopped (${printable(cause ?? "")}). Remove the cause and run the same command again.`]
    : []),
  ...(state === "paused" ? [`It is paused: sendstate resume --db ${db}, then run the same command again.`] : []),
  ...(state === "cancelled" ? ["It was cancelled: nothing more is sent."] : []),
  ...(counts.inDoubt > 0
    ? [`In doubt: sendstate list --state inDoubt --db ${db}, then sendstate resolve ... --as sent|not-sent.`]
    : []),
  ...(counts.failed > 0 ? [`Failed: sendstate list --state failed --db ${db}; sendstate retry runs them again.`] : []),
]

/** The table that ends a run. */
export const writeResult = (
  request: RunRequest,
  survey: LeadSurvey,
  { report, enrolled, refusing }: CampaignRunResult,
): void => {
  const { output, leads, storeFile, file, again, wait } = request
  const { rejected, duplicates } = survey
  output.line()
  output.line(`${output.style("bold", report.campaign)}  ${report.state ?? "not stored"}`)
  writeCounts(output, report.counts)
  if (rejected.length > 0) output.line(`  ${countText(rejected.length, "row")} of ${leads} rejected, listed above.`)
  if (duplicates.length > 0)
    output.line(`  ${countText(duplicates.length, "row")} of ${leads} with an address that was there before.`)
  if (enrolled !== undefined && enrolled.duplicates > 0) {
    const who = countText(enrolled.duplicates, "lead")
    const how = file.campaign.reentry === undefined || again ? "" : "; --again lets them come again"
    output.line(`  ${who} of ${leads} ${enrolled.duplicates === 1 ? "was" : "were"} enrolled before: not again${how}.`)
  }
  if (report.state === "running" && hasTriggers(file) && report.counts.enrollments.active === 0)
    output.line(
      `  It waits for its triggers: whom they let in is mailed by the next run${wait ? "" : ", or by one with --wait"}.`,
    )
  // Where all refuse, the campaign is degraded and says so itself.
  if (report.state !== "degraded")
    for (const { name, cause } of refusing)
      output.line(
        `  ${output.style("yellow", `${name} sends nothing for this sender`)} (${printable(cause)}): remove the cause.`,
      )
  for (const hint of hintsOf(report, shownStore(storeFile))) output.line(`  ${hint}`)
}

/** The object that ends a run with `--json`. */
export const writeObject = (
  { json, storeFile }: RunRequest,
  survey: Pick<LeadSurvey, "rejected" | "duplicates" | "warnings">,
  report: CampaignReport,
  more: Readonly<Record<string, unknown>> = {},
): void => {
  if (json) writeJson(reportObject(report, survey, { database: shownStore(storeFile), ...more }))
}

/** Where the campaign of a run stands that did not begin. */
export const reportNow = async ({ storage, storeFile, file }: RunRequest): Promise<CampaignReport> =>
  (await storeExists(storeFile)) ? storedReport(storage, file.campaign.id) : unstored(file.campaign.id)
