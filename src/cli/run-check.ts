import type { CampaignStatus } from "sendstate"
import type { Counts, Renderer } from "sendstate/sdk"
import { hasTriggers } from "./campaign-file.ts"
import { storedReport } from "./campaign-run.ts"
import { numberText } from "./duration-text.ts"
import { enrolledAddresses } from "./enrolled-address.ts"
import { type ExitCode, exitCodes } from "./exit-code.ts"
import { type LeadSurvey, surveyLeads } from "./lead-survey.ts"
import { err, type Output } from "./output.ts"
import { openRehearsal } from "./rehearsal.ts"
import type { RunRequest } from "./run-request.ts"
import { storeExists } from "./store-file.ts"

/** What is known before the first mail. */
export interface RunCheck {
  readonly survey: LeadSurvey
  /** What is stored of the campaign already. */
  readonly stored: { readonly status: CampaignStatus; readonly counts: Counts } | undefined
}

/**
 * Nobody else runs on the database: told now, not after a long check.
 *
 * @throws StorageOwned
 */
export const assertFree = async ({ storage, storeFile }: RunRequest): Promise<void> => {
  if (!(await storeExists(storeFile))) return
  const driver = await storage.open({ mode: "own", now: Date.now })
  await driver.close()
}

/** Tells a person that a large file is being checked; says nothing elsewhere. */
const showChecking = (output: Output): { readonly show: (leads: number) => void; readonly end: () => void } => {
  let shown = false
  return {
    show: (leads) => {
      if (!output.isTerminal || leads < 1_000) return
      shown = true
      output.raw(`\r  checking leads: ${numberText(leads)}`)
    },
    end: () => {
      if (shown) output.raw("\r\u001b[2K")
    },
  }
}

/**
 * Checks definition, templates and every row, and renders every mail for every lead. Stores nothing.
 *
 * @throws InvalidInput, RenderError, NotFound; Conflict with the differences when another definition is stored.
 */
export const checkRun = async (request: RunRequest, renderer: Renderer): Promise<RunCheck> => {
  const { file, leads, storeFile, storage, limit, speed, update, interruption } = request
  const rehearsal = await openRehearsal(file, { renderer, storeFile, update, speed })
  const checking = showChecking(err)
  const enrolled = await enrolledAddresses(storeFile, file.campaign.id)
  try {
    const survey = await surveyLeads({
      file: leads,
      campaign: rehearsal.campaign,
      enrolled,
      steps: file.campaign.steps.length,
      limit,
      signal: interruption.signal,
      onProgress: checking.show,
    })
    if (!rehearsal.isStored) return { survey, stored: undefined }
    const { counts } = await storedReport(storage, file.campaign.id)
    return { survey, stored: { status: rehearsal.campaign.status(), counts } }
  } finally {
    checking.end()
    await enrolled?.close()
    await rehearsal.close()
  }
}

/** Why a run does not begin, and the exit code that says so. */
export interface RunObstacle {
  readonly text: string
  readonly code: ExitCode
}

/** What keeps a checked run from sending, if anything does. */
export const obstacleOf = (
  { strict, dryRun, file }: RunRequest,
  { survey, stored }: RunCheck,
): RunObstacle | undefined => {
  const bad = survey.rejected.length > 0
  if (strict && bad)
    return { text: "Nothing was sent: --strict refuses to start with bad rows.", code: exitCodes.failures }
  if (survey.leads === 0 && stored === undefined && !hasTriggers(file))
    return {
      text: "Nothing was sent: there is no lead to mail.",
      code: bad ? exitCodes.failures : exitCodes.trouble,
    }
  if (stored?.status.state === "cancelled")
    return {
      text: "Nothing was sent: the campaign was cancelled. Give it another id to send it anew.",
      code: exitCodes.workRemains,
    }
  if (dryRun)
    return {
      text: "Nothing was sent or stored: this was a dry run.",
      code: bad ? exitCodes.failures : exitCodes.done,
    }
  return undefined
}
