import * as z from "zod"
import { type DurationInput, durationSchema, type Message, type SendOutcome, type Transport } from "../sdk/index.ts"
import type { SeededRandom } from "./seeded-random.ts"
import type { VirtualProcess } from "./virtual-process.ts"
import type { VirtualWorld } from "./virtual-world.ts"

/** What a modelled send is decided by. */
export interface ModelledMail {
  readonly executionId: string
  readonly to: string
  /** Counted from 1. */
  readonly attempt: number
  /** Epoch ms of the simulated world. */
  readonly at: number
  /** 0 to 1, from the seed. */
  readonly roll: number
}

/** How the other side behaves. Shares are parts of 1 of all attempts; what they leave is accepted. */
export interface TransportModel {
  /** Median time from the call to the reply; default 200 ms. The tail is heavy: one in a hundred takes ten times as long. */
  readonly latency?: DurationInput | undefined
  /** Share of attempts that are put off (450); default 0. */
  readonly temporary?: number | undefined
  /** Share of recipients that do not exist (550): the same recipient each time; default 0. */
  readonly permanent?: number | undefined
  /** Share of attempts whose reply is lost though the mail was taken; default 0. */
  readonly unknown?: number | undefined
  /** Times during which the host cannot be reached, from the start of the campaign. */
  readonly outages?: ReadonlyArray<{ readonly from: DurationInput; readonly for: DurationInput }> | undefined
  /** Sends under way at once; default 10. */
  readonly maxConcurrency?: number | undefined
  /** Sends started per second; default: no limit. */
  readonly maxPerSecond?: number | undefined
  /** Decides instead of the shares, where it answers. */
  readonly outcome?: ((mail: ModelledMail) => SendOutcome | undefined) | undefined
}

/** One of several modelled transports: how it behaves, and its part in the sending as of `createRuntime({ transports })`. */
export interface TransportRouteModel extends TransportModel {
  readonly name: string
  /** Its share of the mails, beside the others that are up; 0: only when those are out. Default 1. */
  readonly weight?: number | undefined
  /** Domains of From addresses that it takes; default: all. */
  readonly senders?: ReadonlyArray<string> | undefined
}

const share = z.number().min(0).max(1).default(0)

/** Checks and completes a {@link TransportModel}. */
export const transportModel = z.strictObject({
  latency: durationSchema.default(200),
  temporary: share,
  permanent: share,
  unknown: share,
  outages: z.array(z.strictObject({ from: durationSchema, for: durationSchema })).default([]),
  maxConcurrency: z.int().min(1).default(10),
  maxPerSecond: z.number().positive().optional(),
  outcome: z
    .custom<NonNullable<TransportModel["outcome"]>>((value) => typeof value === "function", "must be a function")
    .optional(),
})

/** Checks and completes a {@link TransportRouteModel}. */
export const transportRouteModel = transportModel.extend({
  name: z.string().min(1).max(100),
  weight: z.number().min(0).max(1e6).optional(),
  senders: z.array(z.string()).optional(),
})

export type TransportSettings = z.output<typeof transportModel>

export type TransportRouteSettings = z.output<typeof transportRouteModel>

/** What one transport's other side has, whatever the runtime says of it. */
export interface Sink {
  /** Called when the transport is. */
  readonly begin: (executionId: string) => void
  /** Called when a process has heard that the other side has not taken it. */
  readonly refuse: (executionId: string) => void
  /** Called for each copy that the other side takes. */
  readonly take: (send: {
    readonly executionId: string
    readonly to: string
    readonly subject: string
    readonly startedAt: number
    readonly at: number
  }) => void
  /** Called for each attempt, with what became of it. */
  readonly count: (outcome: SendOutcome["type"]) => void
}

// A log-normal latency with its 99th percentile at ten times the median, by Box and Muller.
const latencyMs = (median: number, random: SeededRandom): number => {
  const normal =
    Math.sqrt(-2 * Math.log(1 - random.nextDoubleUnsafe())) * Math.cos(2 * Math.PI * random.nextDoubleUnsafe())
  return median * Math.exp((Math.log(10) / 2.326) * normal)
}

const rejected = (scope: "recipient" | "host", retryable: boolean, code: string): SendOutcome => ({
  type: "rejected",
  scope,
  retryable,
  code,
})

/** A transport of one process of the world; nothing leaves a process that is dead. */
export const modelledTransport = (
  model: TransportSettings,
  places: {
    readonly world: VirtualWorld
    readonly process: VirtualProcess
    readonly random: SeededRandom
    /** Decides who exists: the same for all transports and processes. */
    readonly recipients: SeededRandom
    readonly sink: Sink
  },
): Transport => {
  const { world, process, random, recipients, sink } = places
  const isDown = (): boolean =>
    model.outages.some(({ from, for: lasts }) => world.timeline.now >= from && world.timeline.now < from + lasts)

  const decide = (executionId: string, message: Message, attempt: number): SendOutcome => {
    const roll = random.nextDoubleUnsafe()
    const asked = model.outcome?.({
      executionId,
      to: message.to.address,
      attempt,
      at: process.clock.currentTimeMillisUnsafe(),
      roll,
    })
    if (asked !== undefined) return asked
    // Who does not exist today does not exist tomorrow: drawn from the address, not from the dice.
    if (model.permanent > 0 && recipients.fork(message.to.address).nextDoubleUnsafe() < model.permanent)
      return rejected("recipient", false, "550")
    if (roll < model.temporary) return rejected("recipient", true, "450")
    return roll < model.temporary + model.unknown ? { type: "unknown", stage: "data-sent" } : { type: "accepted" }
  }

  return {
    name: "modelled",
    capabilities: {
      maxConcurrency: model.maxConcurrency,
      ...(model.maxPerSecond === undefined ? {} : { maxPerSecond: model.maxPerSecond }),
      deadlineMs: 600_000,
      signalsHandoff: true,
    },
    send: async (message, { handoff, attempt, idempotencyKey }) => {
      const startedAt = process.clock.currentTimeMillisUnsafe()
      sink.begin(idempotencyKey)
      const half = latencyMs(model.latency, random) / 2
      const outcome = isDown() ? rejected("host", true, "connection-refused") : decide(idempotencyKey, message, attempt)
      await world.sleep(half)
      if (!process.isAlive) return new Promise<never>(() => undefined)
      if (outcome.type !== "rejected") {
        handoff()
        sink.take({
          executionId: idempotencyKey,
          to: message.to.address,
          subject: message.subject,
          startedAt,
          at: process.clock.currentTimeMillisUnsafe(),
        })
      }
      sink.count(outcome.type)
      await world.sleep(half)
      if (outcome.type === "rejected" && process.isAlive) sink.refuse(idempotencyKey)
      return outcome
    },
  }
}
