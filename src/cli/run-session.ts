import type { Renderer } from "sendstate/sdk"
import { runCampaign } from "./campaign-run.ts"
import { confirm } from "./confirmation.ts"
import { countText } from "./duration-text.ts"
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-code.ts"
import { err, printable } from "./output.ts"
import { assertFree, checkRun, obstacleOf, type RunCheck } from "./run-check.ts"
import { writePlan } from "./run-plan.ts"
import type { RunRequest } from "./run-request.ts"
import { reportNow, writeObject, writeResult } from "./run-result.ts"
import { checkServer, isServerNamed, type SmtpServer, smtpServer } from "./smtp-server.ts"

interface Consent {
  readonly go: boolean
  /** Lets a campaign go on that is paused or degraded. */
  readonly resume: boolean
}

const askToSend = async ({ yes, interruption }: RunRequest, { survey, stored }: RunCheck): Promise<Consent> => {
  const { signal } = interruption
  const question = stored === undefined ? `Send to ${countText(survey.leads, "lead")}?` : "Go on?"
  const go = await confirm(question, yes, signal)
  const state = stored?.status.state
  if (state !== "paused") return { go, resume: state === "degraded" }
  // Somebody paused it for a reason: only somebody may resume it.
  return { go, resume: go && !yes && (await confirm("It is paused. Resume it?", false, signal)) }
}

const send = async (
  request: RunRequest,
  { survey }: RunCheck,
  server: SmtpServer,
  renderer: Renderer,
  resume: boolean,
): Promise<ExitCode> => {
  const { interruption } = request
  const report = await runCampaign({ ...request, survey, transport: server.transport, renderer, resume, output: err })
  writeResult(request, survey, report)
  writeObject(request, survey, report)
  return exitCodeOf({
    drained: interruption.wasAsked(),
    state: report.state ?? "running",
    counts: report.counts,
    rejected: survey.rejected.length,
  })
}

const checkAndSend = async (
  request: RunRequest,
  server: SmtpServer | undefined,
  renderer: Renderer,
): Promise<ExitCode> => {
  const { output, interruption, dryRun, storeFile, speed, file } = request
  if (!dryRun) await assertFree(request)
  const check = await checkRun(request, renderer)
  writePlan(output, { file, storeFile, speed, server, ...check })
  const checked = server === undefined ? undefined : await checkServer(server, interruption.signal)
  if (checked?.type === "busy")
    output.line(`  the mail server is busy (${printable(checked.said)}); the campaign waits`)
  const obstacle =
    checked?.type === "unusable" ? { text: checked.message, code: exitCodes.trouble } : obstacleOf(request, check)
  if (obstacle !== undefined || server === undefined) {
    if (checked?.type === "unusable") err.line(`${err.style("red", "error")} ${printable(checked.message)}`)
    else output.line(`  ${printable(obstacle?.text ?? "")}`)
    const report = await reportNow(request)
    const cause = report.cause ?? (checked?.type === "unusable" ? checked.message : null)
    writeObject(request, check.survey, { ...report, cause }, { leads: check.survey.leads, dryRun })
    return obstacle?.code ?? exitCodes.done
  }
  const { go, resume } = await askToSend(request, check)
  if (go) return send(request, check, server, renderer, resume)
  output.line("  Nothing was sent.")
  writeObject(request, check.survey, await reportNow(request), { leads: check.survey.leads })
  return exitCodes.workRemains
}

/** A run from its check to its report. */
export const runSession = async (request: RunRequest, renderer: Renderer): Promise<ExitCode> => {
  // A dry run checks the server only where one is named.
  const server = request.dryRun && !isServerNamed(request.smtp) ? undefined : smtpServer(request.smtp)
  try {
    return await checkAndSend(request, server, renderer)
  } catch (error) {
    if (!request.interruption.wasAsked()) throw error
    writeObject(request, { rejected: [], duplicates: [], warnings: [] }, await reportNow(request))
    return exitCodes.drained
  } finally {
    await server?.transport.close?.()
  }
}
