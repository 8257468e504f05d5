import { defineCommand, type ParsedArgs } from "citty"
import { type CampaignFile, hasTriggers, readCampaignFile } from "../campaign-file.ts"
import { valuesOf } from "../command-line.ts"
import { listenForInterruption } from "../interruption.ts"
import { numberOption } from "../number-option.ts"
import { err, out } from "../output.ts"
import { runSession } from "../run-session.ts"
import { defaultStoreFile, storageOfFile } from "../store-file.ts"
import { sharedRenderer } from "../template-renderer.ts"
import { UsageError } from "../usage-error.ts"

const args = {
  campaign: {
    type: "positional",
    required: true,
    valueHint: "CAMPAIGN.yaml",
    description: "Who sends which mails when",
  },
  leads: {
    type: "positional",
    required: false,
    valueHint: "LEADS.csv",
    description: "Whom to mail: a column email, and any others. With --wait triggers may be enough",
  },
  db: {
    type: "string",
    valueHint: "FILE",
    description: "Database; .json for lowdb, postgres://... for PostgreSQL. Default: <campaign id>.db, here",
  },
  smtp: {
    type: "string",
    valueHint: "[NAME=]URL",
    description: "smtp://user:password@host:587, once for each server. Default: SENDSTATE_SMTP_URL",
  },
  yes: { type: "boolean", description: "Do not ask before sending" },
  json: { type: "boolean", description: "One JSON object on stdout, everything else on stderr" },
  "dry-run": { type: "boolean", description: "Everything but storing and sending" },
  limit: { type: "string", valueHint: "N", description: "Mail at most the first N good leads" },
  strict: { type: "boolean", description: "Do not start when a row is bad" },
  update: { type: "boolean", description: "Take a changed campaign or template for leads that are new" },
  "update-running": { type: "boolean", description: "Take it for all that is not sent yet" },
  again: {
    type: "boolean",
    description: "Let leads come again that were in before, as reentry of the campaign allows",
  },
  speed: { type: "string", valueHint: "N", description: "Let campaign time run N times as fast (first run only)" },
  wait: { type: "boolean", description: "Stay for what the triggers let in, until Ctrl-C" },
  "until-idle": { type: "boolean", description: "End when nothing is due now (exit code 4 when work remains)" },
} as const

const sayStopping = (): void => err.line("\nstopping: mails under way may end; Ctrl-C again aborts them")

const checkUsage = (given: ParsedArgs<typeof args>, file: CampaignFile): void => {
  const { leads, wait, again } = given
  if (again === true && file.campaign.reentry === undefined)
    throw new UsageError("--again lets leads come again: say in the campaign file when they may, reentry: always.")
  if (wait === true && !hasTriggers(file))
    throw new UsageError("--wait is for campaigns with triggers: nothing would come by itself.")
  if (wait === true && given["until-idle"] === true)
    throw new UsageError("--wait and --until-idle say when to end, and not the same: give one of them.")
  if (leads !== undefined) return
  if (wait !== true)
    throw new UsageError(
      hasTriggers(file)
        ? "LEADS.csv is missing. Without it only triggers let leads in: give --wait to stay for them."
        : "LEADS.csv is missing: whom to mail.",
    )
  const ofFile = (["again", "limit", "strict"] as const).find((name) => given[name] !== undefined)
  if (ofFile !== undefined) throw new UsageError(`--${ofFile} is about the rows of LEADS.csv, which is not given.`)
}

/** `sendstate run`. */
export const runCommand = defineCommand({
  meta: { name: "run" },
  args,
  run: async ({ args: given, rawArgs }) => {
    const limit = numberOption("limit", given.limit, { min: 1, whole: true })
    const speed = numberOption("speed", given.speed, { min: 0.001, whole: false })
    const json = given.json === true
    const file = await readCampaignFile(given.campaign)
    checkUsage(given, file)
    const storeFile = given.db ?? defaultStoreFile(file.campaign.id)
    const storage = await storageOfFile(storeFile)
    const { renderer, close } = sharedRenderer(file)
    const interruption = listenForInterruption(sayStopping)
    try {
      return await runSession(
        {
          file,
          leads: given.leads,
          storeFile,
          storage,
          smtp: valuesOf(rawArgs, args, "smtp"),
          limit,
          speed,
          yes: given.yes === true,
          json,
          dryRun: given["dry-run"] === true,
          strict: given.strict === true,
          update: given["update-running"] === true ? "running" : given.update === true,
          again: given.again === true,
          wait: given.wait === true,
          untilIdle: given["until-idle"] === true,
          output: json ? err : out,
          interruption,
        },
        renderer,
      )
    } finally {
      interruption.dispose()
      await close()
    }
  },
})
