import { domainOf, type Renderer } from "sendstate/sdk"
import { runCampaign } from "./campaign-run.ts"
import { confirm } from "./confirmation.ts"
import { countText } from "./duration-text.ts"
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-code.ts"
import { err, printable } from "./output.ts"
import { assertFree, checkRun, obstacleOf, type RunCheck } from "./run-check.ts"
import { writePlan } from "./run-plan.ts"
import type { RunRequest } from "./run-request.ts"
import { reportNow, writeObject, writeResult } from "./run-result.ts"
import type { RunTransport } from "./run-transport.ts"
import {
  type CheckedTransport,
  checkTransports,
  noTransportText,
  transportObjects,
  writeTransportTroubles,
} from "./transport-check.ts"
import { isTransportNamed, runTransports } from "./transport-choice.ts"

interface Consent {
  readonly go: boolean
  /** Lets a campaign go on that is paused or degraded. */
  readonly resume: boolean
}

const askToSend = async ({ yes, interruption }: RunRequest, { survey, stored }: RunCheck): Promise<Consent> => {
  const { signal } = interruption
  const first =
    survey.leads > 0 ? `Send to ${countText(survey.leads, "lead")}?` : "Start it? Its triggers let leads in."
  const question = stored === undefined ? first : "Go on?"
  const go = await confirm(question, yes, signal)
  const state = stored?.status.state
  if (state !== "paused") return { go, resume: state === "degraded" }
  // Somebody paused it for a reason: only somebody may resume it.
  return { go, resume: go && !yes && (await confirm("It is paused. Resume it?", false, signal)) }
}

const send = async (
  request: RunRequest,
  { survey }: RunCheck,
  checked: ReadonlyArray<CheckedTransport>,
  renderer: Renderer,
  resume: boolean,
): Promise<ExitCode> => {
  const { interruption } = request
  const result = await runCampaign({ ...request, survey, transports: checked, renderer, resume, output: err })
  const { report, enrolled } = result
  writeResult(request, survey, result)
  const leads = enrolled && { enrolled: enrolled.enrolled, enrolledBefore: enrolled.duplicates }
  writeObject(request, survey, report, { ...leads, ...transportObjects(checked) })
  return exitCodeOf({
    drained: interruption.wasAsked(),
    state: report.state ?? "running",
    counts: report.counts,
    rejected: survey.rejected.length,
  })
}

const checkAndSend = async (
  request: RunRequest,
  transports: ReadonlyArray<RunTransport>,
  renderer: Renderer,
): Promise<ExitCode> => {
  const { output, interruption, dryRun, storeFile, speed, again, file } = request
  if (!dryRun) await assertFree(request)
  const check = await checkRun(request, renderer)
  writePlan(output, { file, storeFile, speed, again, transports, ...check })
  const checked = await checkTransports(transports, interruption.signal)
  const sender = domainOf(file.campaign.from.address)
  const noTransport = checked.length === 0 ? undefined : noTransportText(checked, sender)
  if (noTransport === undefined) writeTransportTroubles(output, checked, sender)
  const obstacle =
    noTransport === undefined ? obstacleOf(request, check) : { text: noTransport, code: exitCodes.trouble }
  if (obstacle !== undefined || checked.length === 0) {
    if (noTransport !== undefined) err.line(`${err.style("red", "error")} ${printable(noTransport)}`)
    else output.line(`  ${printable(obstacle?.text ?? "")}`)
    const report = await reportNow(request)
    const more = { leads: check.survey.leads, dryRun, ...transportObjects(checked) }
    writeObject(request, check.survey, { ...report, cause: report.cause ?? noTransport ?? null }, more)
    return obstacle?.code ?? exitCodes.done
  }
  const { go, resume } = await askToSend(request, check)
  if (go) return send(request, check, checked, renderer, resume)
  output.line("  Nothing was sent.")
  const more = { leads: check.survey.leads, ...transportObjects(checked) }
  writeObject(request, check.survey, await reportNow(request), more)
  return exitCodes.workRemains
}

/** A run from its check to its report. */
export const runSession = async (request: RunRequest, renderer: Renderer): Promise<ExitCode> => {
  const asked = { asked: request.smtp, listed: request.file.transports }
  // A dry run checks the transports only where one is named.
  const transports = request.dryRun && !isTransportNamed(asked) ? [] : runTransports(asked)
  try {
    return await checkAndSend(request, transports, renderer)
  } catch (error) {
    if (!request.interruption.wasAsked()) throw error
    writeObject(request, { rejected: [], duplicates: [], warnings: [] }, await reportNow(request))
    return exitCodes.drained
  } finally {
    await Promise.all(transports.map(({ transport }) => transport.close?.()))
  }
}
