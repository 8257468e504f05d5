import * as z from "zod"
import type { CampaignHandle } from "../api/campaign-handle.ts"
import type { Runtime } from "../api/runtime-handle.ts"
import { memory } from "../plugins/storage/memory/index.ts"
import type { RuntimeOptions } from "../runtime.ts"
import {
  type CampaignInput,
  type Counts,
  type DurationInput,
  durationSchema,
  eventName,
  type Feedback,
  type LeadInput,
  type LimitsInput,
  parse,
  type Renderer,
  type Storage,
} from "../sdk/index.ts"
import { actionsSchema, type SimulatedAction } from "./action.ts"
import { Calendar, type CalendarSpan } from "./calendar.ts"
import { Inspection } from "./inspect.ts"
import {
  ModelledNetwork,
  type SimulatedAttempts,
  type SimulatedSend,
  type SimulatedTransport,
  totalOf,
} from "./modelled-network.ts"
import { modelledRenderer } from "./modelled-renderer.ts"
import { RecipientActs } from "./recipient-acts.ts"
import { SeededRandom } from "./seeded-random.ts"
import {
  type TransportModel,
  type TransportRouteModel,
  transportModel,
  transportRouteModel,
} from "./transport-model.ts"
import { VirtualProcess } from "./virtual-process.ts"
import { VirtualWorld } from "./virtual-world.ts"

/** What happens to the machine that the campaign runs on. */
export interface SimulatedFaults {
  /** Instants after the start at which the process is killed and started again; what it was sending is in doubt then. */
  readonly kills?: ReadonlyArray<DurationInput> | undefined
  /** How long a killed process stays away; default 1 minute. */
  readonly downtime?: DurationInput | undefined
}

/** What recipients do. */
export interface EventModel {
  /** Share of recipients that unsubscribe from everything after a mail; default 0. */
  readonly unsubscribe?: number | undefined
  /** How long after it they do; default 1 hour. */
  readonly after?: DurationInput | undefined
  /** What else comes back about a mail. */
  readonly signals?: ReadonlyArray<SignalModel> | undefined
}

/**
 * Something that comes back about a share of the mails. `bounced`, `complained` and `unsubscribed` are taken in by
 * `runtime.receiveFeedback`, with all that follows for the address; every other event is signalled.
 */
export interface SignalModel {
  /** Like `clicked` or `replied`. */
  readonly event: string
  /** 0 to 1. */
  readonly share: number
  /** How long after the mail; default 1 hour. */
  readonly after?: DurationInput | undefined
  /** Of `bounced`: for good or for now; default `hard`. */
  readonly bounce?: "hard" | "soft" | undefined
}

/** How a campaign is simulated. */
export interface SimulateOptions {
  /** The same seed gives the same result, to the byte; default 1. */
  readonly seed?: number | string | undefined
  /** When the campaign starts; default 2026-01-05 09:00 UTC, a Monday. Never the present: a result could not be repeated. */
  readonly start?: Date | undefined
  /** Ends the simulation after so much time of the campaign, always where it has triggers by time; default 366 days. */
  readonly until?: DurationInput | undefined
  /** How the other side behaves; default: it accepts everything, in 200 ms. */
  readonly transport?: TransportModel | undefined
  /** Several of them in place of `transport`, as of `createRuntime({ transports })`. */
  readonly transports?: ReadonlyArray<TransportRouteModel> | undefined
  /** What recipients do; default: nothing. */
  readonly events?: EventModel | undefined
  /** What is done with the runtime meanwhile; the campaign takes leads until the last of it is done. Default: nothing. */
  readonly actions?: ReadonlyArray<SimulatedAction> | undefined
  /** As of `createRuntime`; default: none. */
  readonly limits?: LimitsInput | undefined
  /** As of `createRuntime`: when addresses that bounce for now are given up; default: its default, `null`: never. */
  readonly softBounces?: RuntimeOptions["softBounces"] | undefined
  readonly faults?: SimulatedFaults | undefined
  /** Default: one that models rendering and reads no template. With a real one the mails are rendered in real time. */
  readonly renderer?: Renderer | undefined
  /** Length of a calendar's span; default 1 hour. */
  readonly span?: DurationInput | undefined
  /** How many sends are listed one by one, the first ones; default 0. */
  readonly listSends?: number | undefined
}

/** Something that a simulated recipient did. */
export interface SimulatedSignal {
  /** The recipient's address. */
  readonly by: string
  readonly event: string
  /** When the runtime had taken it in, epoch ms. */
  readonly at: number
}

/** What a simulated campaign did. Plain JSON. */
export interface Simulation {
  readonly seed: number | string
  /** Epoch ms. */
  readonly startedAt: number
  /** When the last enrollment ended, epoch ms; `null` when `until` came first, or something is held in doubt. */
  readonly finishedAt: number | null
  readonly counts: Counts
  /** Transport calls by what became of them. */
  readonly attempts: SimulatedAttempts
  /** The same by transport, in their order. */
  readonly transports: ReadonlyArray<SimulatedTransport>
  /** Copies that the other side took, by hour (or `span`). */
  readonly calendar: ReadonlyArray<CalendarSpan>
  /** The first `listSends` copies. */
  readonly sends: ReadonlyArray<SimulatedSend>
  /** What recipients did while the campaign went on, by event, most frequent first; those that unsubscribed as `unsubscribed`. */
  readonly events: Readonly<Record<string, number>>
  /** How often the process was killed; what would have come after the end did not. */
  readonly kills: number
  /** What recipients did, the first `listSends` of it. */
  readonly signals: ReadonlyArray<SimulatedSignal>
  /** What must never happen: empty unless there is a bug. */
  readonly violations: ReadonlyArray<string>
}

const settingsOf = z.strictObject({
  seed: z.union([z.number(), z.string()]).default(1),
  start: z.date().default(() => new Date("2026-01-05T09:00:00Z")),
  until: durationSchema.default(366 * 86_400_000),
  transport: transportModel.optional(),
  transports: z.array(transportRouteModel).min(1).optional(),
  events: z
    .strictObject({
      unsubscribe: z.number().min(0).max(1).default(0),
      after: durationSchema.default(3_600_000),
      signals: z
        .array(
          z
            .strictObject({
              event: eventName,
              share: z.number().min(0).max(1),
              after: durationSchema.default(3_600_000),
              bounce: z.enum(["hard", "soft"]).optional(),
            })
            .refine(({ event, bounce }) => bounce === undefined || event === "bounced", {
              path: ["bounce"],
              message: "is for the event bounced",
            }),
        )
        .default([]),
    })
    .prefault({}),
  actions: actionsSchema,
  limits: z.custom<LimitsInput>((value) => typeof value === "object" && value !== null, "must be limits").default({}),
  softBounces: z
    .custom<NonNullable<RuntimeOptions["softBounces"]>>((value) => typeof value === "object", "must be a rule or null")
    .nullish(),
  faults: z
    .strictObject({ kills: z.array(durationSchema).default([]), downtime: durationSchema.default(60_000) })
    .prefault({}),
  renderer: z.custom<Renderer>((value) => typeof value === "object" && value !== null, "must be a renderer").optional(),
  span: durationSchema.default(3_600_000),
  listSends: z.int().min(0).default(0),
})

const options = settingsOf.refine(({ transport, transports }) => transport === undefined || transports === undefined, {
  message: "give either transport or transports",
})

// Keys of the storage's own would be by chance, and nothing of a simulation may be.
const modelledKeys = { signingKeys: ["simulated".repeat(4)], suppressionKey: "simulated".repeat(4) }

type Modelled = z.infer<typeof settingsOf>["events"]["signals"][number]

const isFeedback = (event: string): event is "bounced" | "complained" | "unsubscribed" =>
  ["bounced", "complained", "unsubscribed"].includes(event)

// As a report of a mail server has it: about a mail of ours, and no word of whom.
const feedbackOf = (
  type: "bounced" | "complained" | "unsubscribed",
  executionId: string,
  { bounce: kind = "hard" }: Modelled,
): Feedback =>
  type === "bounced"
    ? { id: `${type}/${kind}/${executionId}`, type, executionId, bounce: { kind } }
    : { id: `${type}/${executionId}`, type, executionId }

/** How often counts are looked at, in milliseconds of the world. */
const sampleMs = 6 * 3_600_000

const readAll = async (leads: AsyncIterable<LeadInput>): Promise<ReadonlyArray<LeadInput>> => {
  const all: Array<LeadInput> = []
  for await (const lead of leads) all.push(lead)
  return all
}

/**
 * Runs a campaign in virtual time: the production machines and actors on a clock of their own, against a modelled other
 * side. Days take moments, and nothing leaves this process.
 *
 * @param campaign As for `campaigns.create`.
 * @param leads Any iterable; each is enrolled at the start. An async one is read to its end first.
 * @throws InvalidInput for a campaign or options that make no sense.
 * @example
 * ```ts
 * const { finishedAt, counts, calendar } = await simulate(
 *   { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }, { template: "nudge", after: "3 days" }] },
 *   [{ email: "bob@example.test" }],
 *   { seed: 7, transport: { temporary: 0.05, outages: [{ from: "1 hour", for: "2 hours" }] } },
 * )
 * ```
 */
export const simulate = async (
  campaign: CampaignInput,
  leads: Iterable<LeadInput> | AsyncIterable<LeadInput>,
  given: SimulateOptions = {},
): Promise<Simulation> => {
  const settings = parse(options, given, "The simulation")
  // Read before the world begins: its time goes on whenever nothing in it can happen, whatever a file is waiting for.
  const audience = Symbol.asyncIterator in leads ? await readAll(leads) : leads
  const { seed, until, events, faults, listSends } = settings
  const world = new VirtualWorld()
  const random = new SeededRandom(seed)
  const memoryStorage = memory()
  // Nobody outside asks for anything: a request would be looked for four times a second of a simulated year.
  const storage: Storage = { ...memoryStorage, capabilities: { ...memoryStorage.capabilities, control: false } }
  const epoch = settings.start.getTime()
  const calendar = new Calendar(settings.span)
  const inspection = new Inspection()
  const copies = new Map<string, number>()
  const sends: Array<SimulatedSend> = []
  const signals: Array<SimulatedSignal> = []
  const happened = new Map<string, number>()
  const leaving = random.fork("recipients")
  const acting = random.fork("signals")
  const acts = new RecipientActs()
  const hasTriggers = (campaign.triggers?.length ?? 0) > 0
  let runtime: Runtime | undefined
  let lives = 0

  const note = (by: string, event: string): void => {
    happened.set(event, (happened.get(event) ?? 0) + 1)
    if (signals.length < listSends) signals.push({ by, event, at: epoch + world.timeline.now })
  }
  const unsubscribe = async ({ executionId, to }: SimulatedSend): Promise<void> => {
    const row = await runtime?.executions.get(executionId)
    const lead = row === undefined ? undefined : await runtime?.leads.get(row.leadId)
    if (lead === undefined || runtime === undefined) return
    await runtime.suppress(lead.email, { reason: "unsubscribed" })
    note(to, "unsubscribed")
  }
  const signal = async ({ executionId, to }: SimulatedSend, modelled: Modelled): Promise<void> => {
    const { event } = modelled
    const row = await runtime?.executions.get(executionId)
    if (row === undefined || runtime === undefined) return
    if (isFeedback(event)) await runtime.receiveFeedback(feedbackOf(event, executionId, modelled))
    else await runtime.signal({ lead: row.leadId, event, id: `${event}/${executionId}` })
    note(to, event)
  }
  const take = (send: SimulatedSend): void => {
    const { executionId, at } = send
    copies.set(executionId, (copies.get(executionId) ?? 0) + 1)
    calendar.add(at)
    if (sends.length < listSends) sends.push(send)
    for (const modelled of events.signals)
      if (acting.nextDoubleUnsafe() < modelled.share)
        void acts.do(world.sleep(modelled.after), () => signal(send, modelled))
    if (events.unsubscribe > 0 && leaving.nextDoubleUnsafe() < events.unsubscribe)
      void acts.do(world.sleep(events.after), () => unsubscribe(send))
  }
  const network = new ModelledNetwork(settings.transports ?? settings.transport ?? transportModel.parse({}), {
    world,
    inspection,
    recipients: random.fork("who exists"),
    take,
  })

  const boot = async (): Promise<{ readonly process: VirtualProcess; readonly handle: CampaignHandle }> => {
    lives += 1
    const own = random.fork(`life ${lives}`)
    const process = new VirtualProcess(world, { random: own, epoch, longestSleepMs: 86_400_000 })
    runtime = await process.createRuntime({
      storage,
      ...modelledKeys,
      limits: settings.limits,
      ...(settings.softBounces === undefined ? {} : { softBounces: settings.softBounces }),
      renderer: settings.renderer ?? modelledRenderer,
      ...network.waysOut(process, own),
    })
    const { campaigns } = runtime
    // Later it goes on as it is stored: it may have been edited.
    return { process, handle: await (lives === 1 ? campaigns.create(campaign) : campaigns.get(campaign.id)) }
  }

  const play = async (): Promise<Pick<Simulation, "startedAt" | "finishedAt" | "counts">> => {
    let { process, handle } = await boot()
    await handle.enroll(audience)
    const actions = [...settings.actions]
    if (actions.length === 0) await handle.close()
    // Its triggers by time bring it back to life.
    const comesAgain = campaign.triggers?.some((trigger) => "at" in trigger) === true
    const kills = [...faults.kills].sort((left, right) => left - right)
    let finishedAt: number | null = null
    // When the enrollments that there were had ended.
    let quiet: { readonly planned: number; readonly at: number } | undefined
    while (world.timeline.now < until) {
      const planned = [kills[0], actions[0]?.at].filter((at) => at !== undefined)
      const next = Math.min(until, world.timeline.now + sampleMs, ...planned)
      const signal = new AbortController()
      const ended = await Promise.race([
        handle.settled({ signal: signal.signal }).then(
          () => true,
          () => false,
        ),
        world.sleep(next - world.timeline.now).then(() => false),
      ])
      signal.abort()
      const counts = await handle.stats()
      inspection.sample(counts)
      const mayComeAgain = hasTriggers && acts.isOpen
      const isOver = ended && actions.length === 0 && !comesAgain && !mayComeAgain
      if (ended && handle.status().state === "completed" && quiet?.planned !== counts.planned)
        quiet = { planned: counts.planned, at: process.clock.currentTimeMillisUnsafe() }
      // What is done later may bring it back to life.
      if (ended && !isOver)
        await Promise.race([world.sleep(next - world.timeline.now), ...(mayComeAgain ? [acts.next()] : [])])
      if (isOver) {
        if (handle.status().state === "completed") finishedAt = quiet?.at ?? null
        break
      }
      if (kills[0] !== undefined && world.timeline.now >= kills[0]) {
        kills.shift()
        process.kill()
        acts.away()
        memoryStorage.kill()
        await world.sleep(faults.downtime)
        ;({ process, handle } = await boot())
        acts.back()
      }
      while (runtime !== undefined && actions[0] !== undefined && world.timeline.now >= actions[0].at) {
        await actions.shift()?.do(runtime)
        quiet = undefined
        if (actions.length === 0) await handle.close()
      }
    }
    const counts = await handle.stats()
    if (runtime !== undefined) await inspection.compare(runtime, copies)
    await runtime?.close({ deadlineMs: 0 })
    return { startedAt: epoch, finishedAt, counts }
  }

  const result = await world.run(play())
  const transports = network.transports()
  const attempts = totalOf(transports)
  return {
    seed,
    ...result,
    attempts,
    transports,
    calendar: calendar.spans(),
    sends,
    events: Object.fromEntries([...happened].sort(([, left], [, right]) => right - left)),
    kills: lives - 1,
    signals,
    violations: inspection.violations(),
  }
}
