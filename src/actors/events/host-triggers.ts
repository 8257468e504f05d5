import type { Latch } from "effect/Latch"
import * as z from "zod"
import { parse, type Trigger, type TriggerInput, triggerSchema } from "../../sdk/index.ts"

/** What a trigger of the host fires for. */
export interface Occasion {
  /** Names it: the same trigger, fired by the same event of the same lead, has the same id again. */
  readonly id: string
  /** The lead's id. */
  readonly lead: string
  /** What happened: `signed-up`, `status:qualified`; `replied` for an inbound mail. */
  readonly event: string
  /** When it happened, epoch ms. */
  readonly at: number
}

/** A trigger that starts something of the host's own, where those of a campaign enroll the lead. */
export interface HostTrigger {
  /** Names it among the host's; the same id in another process or after a restart is the same trigger. At most 500 characters. */
  readonly id: string
  /** When it fires. The host hears of every event, also of those that one campaign alone hears of. */
  readonly on: Exclude<TriggerInput, { readonly at: string }>
  /**
   * Starts it for a lead that is stored, and answers whether that is something new. Called at least once for each
   * occasion, at first while the event is being told: after a crash, and after a throw, it is called again with the same
   * `id`, which tells what was started before; by one process never while it is under way. It is called again at growing pauses until it answers; what it throws is
   * reported, and final where its `retryable` is false, as of sendstate's own errors. It has 30 seconds, then `signal`
   * fires.
   */
  readonly start: (occasion: Occasion, options: { readonly signal: AbortSignal }) => Promise<boolean>
}

/** A {@link HostTrigger} that was checked. */
export interface CheckedHostTrigger extends Pick<HostTrigger, "id" | "start"> {
  readonly on: Trigger
}

/** What the host starts by triggers. */
export interface HostStarts {
  readonly triggers: ReadonlyArray<CheckedHostTrigger>
  /** Occasions that the host is asked for at this moment. */
  readonly underWay: Set<string>
  /** Opened when something was left to be started later. */
  readonly left: Latch
}

const schema = z
  .array(
    z.strictObject({
      id: z.string().min(1).max(500),
      on: triggerSchema.refine(({ at }) => at === undefined, "a trigger by time is one of a campaign"),
      start: z.custom<HostTrigger["start"]>((value) => typeof value === "function", "is no function"),
    }),
  )
  .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, "two triggers have the same id")

/** @throws InvalidInput for triggers that could not be told apart, or by time. */
export const checkHostTriggers = (triggers: ReadonlyArray<HostTrigger>): ReadonlyArray<CheckedHostTrigger> =>
  parse(schema, triggers, "The triggers of the runtime")
