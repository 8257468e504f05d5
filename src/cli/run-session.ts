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
import { type CheckedServer, checkServers, noServerText, serverObjects, writeServerTroubles } from "./server-check.ts"
import { isServerNamed, smtpServers } from "./server-choice.ts"
import type { SmtpServer } from "./smtp-server.ts"

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
  checked: ReadonlyArray<CheckedServer>,
  renderer: Renderer,
  resume: boolean,
): Promise<ExitCode> => {
  const { interruption } = request
  const servers = checked.map(({ server }) => server)
  const { report, enrolled } = await runCampaign({ ...request, survey, servers, renderer, resume, output: err })
  writeResult(request, survey, report, enrolled)
  const leads = enrolled && { enrolled: enrolled.enrolled, enrolledBefore: enrolled.duplicates }
  writeObject(request, survey, report, { ...leads, ...serverObjects(checked) })
  return exitCodeOf({
    drained: interruption.wasAsked(),
    state: report.state ?? "running",
    counts: report.counts,
    rejected: survey.rejected.length,
  })
}

const checkAndSend = async (
  request: RunRequest,
  servers: ReadonlyArray<SmtpServer>,
  renderer: Renderer,
): Promise<ExitCode> => {
  const { output, interruption, dryRun, storeFile, speed, again, file } = request
  if (!dryRun) await assertFree(request)
  const check = await checkRun(request, renderer)
  writePlan(output, { file, storeFile, speed, again, servers, ...check })
  const checked = await checkServers(servers, interruption.signal)
  const sender = domainOf(file.campaign.from.address)
  const noServer = checked.length === 0 ? undefined : noServerText(checked, sender)
  if (noServer === undefined) writeServerTroubles(output, checked, sender)
  const obstacle = noServer === undefined ? obstacleOf(request, check) : { text: noServer, code: exitCodes.trouble }
  if (obstacle !== undefined || checked.length === 0) {
    if (noServer !== undefined) err.line(`${err.style("red", "error")} ${printable(noServer)}`)
    else output.line(`  ${printable(obstacle?.text ?? "")}`)
    const report = await reportNow(request)
    const more = { leads: check.survey.leads, dryRun, ...serverObjects(checked) }
    writeObject(request, check.survey, { ...report, cause: report.cause ?? noServer ?? null }, more)
    return obstacle?.code ?? exitCodes.done
  }
  const { go, resume } = await askToSend(request, check)
  if (go) return send(request, check, checked, renderer, resume)
  output.line("  Nothing was sent.")
  const more = { leads: check.survey.leads, ...serverObjects(checked) }
  writeObject(request, check.survey, await reportNow(request), more)
  return exitCodes.workRemains
}

/** A run from its check to its report. */
export const runSession = async (request: RunRequest, renderer: Renderer): Promise<ExitCode> => {
  const asked = { asked: request.smtp, listed: request.file.transports }
  // A dry run checks the servers only where one is named.
  const servers = request.dryRun && !isServerNamed(asked) ? [] : smtpServers(asked)
  try {
    return await checkAndSend(request, servers, renderer)
  } catch (error) {
    if (!request.interruption.wasAsked()) throw error
    writeObject(request, { rejected: [], duplicates: [], warnings: [] }, await reportNow(request))
    return exitCodes.drained
  } finally {
    await Promise.all(servers.map(({ transport }) => transport.close?.()))
  }
}
