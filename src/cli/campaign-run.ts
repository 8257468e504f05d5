import {
  type CampaignHandle,
  Conflict,
  createRuntime,
  type EnrollResult,
  openStore,
  type Runtime,
  type RuntimeOptions,
} from "sendstate"
import { domainOf, type Renderer, type Storage } from "sendstate/sdk"
import { type CampaignFile, hasTriggers } from "./campaign-file.ts"
import { type CampaignReport, unstored } from "./counts-report.ts"
import type { Interruption } from "./interruption.ts"
import type { LeadSurvey } from "./lead-survey.ts"
import { takesSender } from "./listed-transport.ts"
import { type NextDue, nextDueOf } from "./next-due.ts"
import type { Output } from "./output.ts"
import { type ProgressView, showProgress } from "./progress.ts"
import { beginEntry, endEntry } from "./run-entry.ts"
import type { RunTransport } from "./run-transport.ts"

/** Everything a run needs; all of it was checked. */
export interface CampaignRunOptions {
  readonly file: CampaignFile
  readonly survey: LeadSurvey
  readonly storage: Storage
  /** At least one, in their order. */
  readonly transports: ReadonlyArray<RunTransport>
  readonly renderer: Renderer
  readonly update: boolean | "running"
  readonly speed: number | undefined
  /** Lets a campaign go on that is paused or degraded. */
  readonly resume: boolean
  /** Lets leads come again that were in before, as the campaign's re-entry allows. */
  readonly again: boolean
  /** Stays when all is done, for what triggers let in, until Ctrl-C. */
  readonly wait: boolean
  /** Ends when nothing is due now, instead of when nothing can happen any more. */
  readonly untilIdle: boolean
  readonly output: Output
  readonly interruption: Interruption
}

/** What a run did, as far as it got. */
export interface CampaignRunResult {
  readonly report: CampaignReport
  /** `undefined` when it did not get so far. */
  readonly enrolled: Pick<EnrollResult, "enrolled" | "duplicates"> | undefined
  /** The transports that did not send for this sender, whatever the mail, and why. */
  readonly refusing: ReadonlyArray<{ readonly name: string; readonly cause: string }>
}

/** How long sends under way may take after Ctrl-C, milliseconds. */
const drainMs = 30_000

/** How long the campaign may take to notice that it is complete, milliseconds. */
const completionMs = 5_000

/** Where a stored campaign stands. */
export const storedReport = async (storage: Storage, id: string): Promise<CampaignReport> => {
  const store = await openStore(storage)
  try {
    const found = (await store.campaigns()).find((campaign) => campaign.id === id)
    return found === undefined
      ? unstored(id)
      : { campaign: id, state: found.state, cause: found.cause, counts: found.counts }
  } finally {
    await store.close()
  }
}

/** The only transport without a name is what it always was; one with a name is told apart from those that will be added. */
const runtimeOptions = ({ storage, renderer, file, transports }: CampaignRunOptions): RuntimeOptions => {
  const common = { storage, renderer, limits: file.limits }
  const [only, ...others] = transports
  if (only !== undefined && others.length === 0 && only.name === undefined)
    return { ...common, transport: only.transport }
  return {
    ...common,
    transports: transports.map(({ name, transport, weight, senders }) => ({
      transport,
      weight,
      ...(name === undefined ? {} : { name }),
      ...(senders === undefined ? {} : { senders }),
    })),
  }
}

const thoseOf = (transports: ReadonlyArray<RunTransport>): string => {
  const what = transports.every(({ provider }) => provider === "smtp") ? "mail server" : "transport"
  return transports.length === 1 ? `the ${what} is` : `the ${what}s are`
}

const viewOf = async (
  runtime: Runtime,
  campaign: CampaignHandle,
  { file, transports }: CampaignRunOptions,
  nextDue: NextDue,
): Promise<ProgressView> => {
  const [counts, health] = await Promise.all([campaign.stats(), runtime.health()])
  const { state } = campaign.status()
  const sender = domainOf(file.campaign.from.address)
  // In the order of the transports.
  const mine = health.transports.filter((_, index) => {
    const transport = transports[index]
    return transport !== undefined && takesSender(transport, sender)
  })
  const down = mine.filter(({ gate }) => gate.circuit === "open")
  const out = mine.filter((one) => down.includes(one) || one.refused.some((refusal) => refusal.sender === sender))
  const [first] = down
  const isStopped = state === "paused" || state === "degraded" || state === "cancelled"
  const isNobodyThere = down.length === mine.length
  const isWaiting = counts.rendering + counts.sending === 0
  return {
    counts,
    steps: file.campaign.steps.length,
    obstacle: isStopped
      ? state
      : first !== undefined && isNobodyThere
        ? `${thoseOf(transports.filter((one) => takesSender(one, sender)))} not there (${first.gate.cause ?? "no answer"}), asking again`
        : undefined,
    without: out.length === mine.length ? [] : out.map(({ name }) => name),
    waitsMs: isWaiting ? await nextDue.inMs() : undefined,
  }
}

const isShut = (error: unknown): boolean =>
  error instanceof Conflict && (error.code === "campaign-closed" || error.code === "campaign-cancelled")

/** Whether it has come to its end, as far as nobody adds leads. */
const hasEnded = async (campaign: CampaignHandle): Promise<boolean> => {
  const { active, finished, ended } = (await campaign.stats()).enrollments
  return campaign.status().state === "running" && active === 0 && finished + ended > 0
}

/** What has come to its end is complete a moment later. */
const completion = async (campaign: CampaignHandle): Promise<void> => {
  if (!(await hasEnded(campaign))) return
  await Promise.race([campaign.completed(), new Promise((resolve) => setTimeout(resolve, completionMs).unref())])
}

/** A campaign that was closed takes new leads once it is complete, not before. */
const enroll = async (
  campaign: CampaignHandle,
  { survey, interruption, output }: CampaignRunOptions,
  entry: string | undefined,
): Promise<EnrollResult | undefined> => {
  const { closed, state } = campaign.status()
  if (closed && state === "running") {
    await campaign.settled({ signal: interruption.signal })
    await completion(campaign)
  }
  try {
    return await campaign.enroll(survey.again(), {
      signal: interruption.signal,
      ...(entry === undefined ? { again: false } : { entry }),
    })
  } catch (error) {
    if (!isShut(error)) throw error
    output.line(`  no lead was added: ${error instanceof Error ? error.message : ""}`)
    return undefined
  }
}

/**
 * With every enrollment ended the campaign is complete; until then it stays open, so that a later run may add leads. One
 * with triggers waits for more.
 */
const complete = async (campaign: CampaignHandle, { file }: CampaignRunOptions): Promise<void> => {
  if (hasTriggers(file) || !(await hasEnded(campaign))) return
  await campaign.close()
  await completion(campaign)
}

/** Answers at Ctrl-C, or when the campaign does not run any more. */
const untilStopped = async (campaign: CampaignHandle, { interruption }: CampaignRunOptions): Promise<void> => {
  const { signal } = interruption
  // From now on, so that nothing is missed after the look.
  const events = campaign.events({ signal })
  if (campaign.status().state === "running")
    for await (const event of events) if (event.type === "campaign" && event.state !== "running") break
  await events[Symbol.asyncIterator]().return?.()
}

const work = async (
  runtime: Runtime,
  options: CampaignRunOptions,
  onEnrolled: (enrolled: EnrollResult | undefined) => void,
): Promise<void> => {
  const { file, interruption, untilIdle, output, again } = options
  const { signal } = interruption
  const campaign = await runtime.campaigns.create(file.input, { update: options.update, speed: options.speed })
  if (options.resume) await campaign.resume()
  const entry = again ? await beginEntry(runtime, campaign.id) : undefined
  const nextDue = nextDueOf(options.storage, campaign.id)
  const progress = showProgress(output, () => viewOf(runtime, campaign, options, nextDue))
  try {
    const enrolled = await enroll(campaign, options, entry)
    onEnrolled(enrolled)
    await (untilIdle ? campaign.idle({ signal }) : campaign.settled({ signal }))
    if (options.wait) await untilStopped(campaign, options)
    await complete(campaign, options)
    if (again && enrolled !== undefined && (await campaign.stats()).enrollments.active === 0)
      await endEntry(runtime, campaign.id)
  } finally {
    await progress.stop()
    await nextDue.close()
  }
}

const refusingOf = async (runtime: Runtime, { file }: CampaignRunOptions): Promise<CampaignRunResult["refusing"]> => {
  const sender = domainOf(file.campaign.from.address)
  return (await runtime.health()).transports.flatMap(({ name, refused }) =>
    refused.filter((refusal) => refusal.sender === sender).map(({ cause }) => ({ name, cause })),
  )
}

/** Runs a campaign until nothing is left to do, or until Ctrl-C, and tells where it stands then. */
export const runCampaign = async (options: CampaignRunOptions): Promise<CampaignRunResult> => {
  let enrolled: EnrollResult | undefined
  let refusing: CampaignRunResult["refusing"] = []
  const runtime = await createRuntime(runtimeOptions(options))
  try {
    await work(runtime, options, (result) => {
      enrolled = result
    })
    refusing = await refusingOf(runtime, options)
  } catch (error) {
    // What Ctrl-C interrupted is told by its exit code.
    if (!options.interruption.wasAsked()) throw error
  } finally {
    await runtime.close({ deadlineMs: drainMs })
  }
  return { report: await storedReport(options.storage, options.file.campaign.id), enrolled, refusing }
}
