import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { intervalAt, type Limits, type Reason } from "../../sdk/index.ts"
import type { Problems } from "../problems.ts"
import type { Store } from "../store.ts"
import { firstStart, lookaheadMs, type Start, startBefore } from "./bucket.ts"
import {
  type BucketState,
  freeAt,
  giveTurn,
  isIdle,
  newBucketState,
  nextSlot,
  slotBehindTurns,
  slotInLine,
  trustClock,
} from "./bucket-state.ts"
import type { Standing } from "./line.ts"
import { Paces, type PaceView } from "./paces.ts"
import { makeReservations } from "./reservations.ts"
import { bucketsOf, domainKey, limitReason, type ShapedMail } from "./shaped-mail.ts"

/** A wait that is over so soon holds up nobody: putting the mail off would cost more than its place, milliseconds. */
const briefMs = 250

/** Who would wait longer for a bucket, milliseconds, is put off until its turn instead of standing in line. */
const patienceMs = 2_000

/** How long before its turn a mail is claimed again, milliseconds, at most: it should stand in line when its turn comes. */
const longestLeadMs = 1_000

/** Intents are written in different times, but not as different as this, milliseconds: a clock was set back. */
export const longestPauseMs = 2_000

/** Buckets that are remembered although nobody waits for them. */
const idleBuckets = 1_000

/** The mail has to wait: it is put off until its turn. */
export interface Later {
  readonly type: "later"
  /** Epoch ms. */
  readonly dueAt: number
  readonly reason: Reason
}

/** Why a mail in line may not start yet. */
export interface Wait {
  /** Epoch ms, as far as is known. */
  readonly until: number
  /** When to ask again, epoch ms; `Infinity`: the shaper calls. */
  readonly askAt: number
  /** The emptiest bucket's name. */
  readonly bucket: string
  /** Whether it waits too long to stand in line. */
  readonly tooLong: boolean
}

/** A mail's place before its limits. */
export interface Ticket extends Standing {
  /** Takes a start from all of its buckets, or from none. */
  readonly take: (now: number) => Wait | undefined
  /**
   * Milliseconds to wait before the call of a start that was taken: intents are written in different times, and calls
   * that catch up with each other would be more than the limit allows.
   */
  readonly pause: (now: number) => number
  /** Which bucket keeps it waiting, without taking anything; `undefined` for none. */
  readonly look: (now: number) => Pick<Wait, "bucket" | "until"> | undefined
  /** Gives the place up for a turn later. */
  readonly later: (now: number) => Later
}

/** What a bucket is like right now. */
export interface BucketView {
  readonly bucket: string
  /** When the next start may begin, epoch ms; `null` for now. */
  readonly emptyUntil: number | null
  /** Mails that stand in line for it. */
  readonly waiting: number
}

const iso = (at: number): string => new Date(at).toISOString()

// Priority mails share one line of turns: there are few, and they stand before everybody's.
const turnsOf = (mail: ShapedMail): string => (mail.priority ? "!" : mail.campaignId)

interface Place {
  readonly bucket: BucketState
  readonly slot: number
  /** Epoch ms. */
  readonly at: number
}

/** Holds mails to the limits: composes the buckets of each mail, and spreads those that have to wait. */
export class Shaper extends Context.Service<
  Shaper,
  {
    /**
     * Runs the body with a ticket, or answers when the mail's turn comes, should that be in more than a few seconds.
     *
     * @param isShut Whether nothing gets through anyway: then nobody's turn can be told, and the mail stands in line.
     */
    readonly withTicket: <A, E>(
      mail: ShapedMail,
      isShut: boolean,
      body: (ticket: Ticket) => Effect.Effect<A, E>,
    ) => Effect.Effect<A | Later, E>
    /** Calls back when tickets should be asked again. */
    readonly onChange: (listener: () => void) => void
    /** The recipient's domain asked for less mail. */
    readonly slowDown: (mail: ShapedMail, cause: string) => Effect.Effect<void>
    /** The buckets that are empty or waited for, and the domains that are sent less than usual. */
    readonly view: Effect.Effect<{
      readonly limits: ReadonlyArray<BucketView>
      readonly slowed: ReadonlyArray<PaceView>
    }>
  }
>()("sendstate/actors/Shaper") {
  /** @param room Executions alive at once per campaign: a quarter of them may stand in line for buckets. */
  static readonly layer = (limits: Limits, room: number): Layer.Layer<Shaper, never, Store | Problems> =>
    Layer.effect(
      Shaper,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const places = Math.max(1, Math.floor(room / 4))
        const buckets = new Map<string, BucketState>()
        const paces = new Paces()
        // How many of a campaign stand in line for a bucket.
        const patient = new Map<string, number>()
        const listeners: Array<() => void> = []
        const reservations = yield* makeReservations(() => {
          for (const listener of listeners) listener()
          forgetIdle()
        })

        const forgetIdle = (): void => {
          if (buckets.size <= idleBuckets) return
          const now = clock.currentTimeMillisUnsafe()
          const idle = [...buckets.values()].filter((bucket) => isIdle(bucket, now))
          for (const { key } of idle) buckets.delete(key)
          reservations.forget(idle)
        }

        const statesOf = (mail: ShapedMail): ReadonlyArray<BucketState> =>
          bucketsOf(limits, mail).map(({ key, name, rate }) => {
            const bucket = buckets.get(key) ?? newBucketState(key, name, rate)
            // A campaign's limit may have been edited.
            bucket.rate = rate
            buckets.set(key, bucket)
            return bucket
          })

        // Asked anew each time: a domain may ask for less while its mails stand in line.
        const withPace = (
          mail: ShapedMail,
          states: ReadonlyArray<BucketState>,
          now: number,
        ): ReadonlyArray<BucketState> => {
          const pace = paces.bucketOf(mail.recipient, now)
          const all = pace === undefined ? states : [...states, pace]
          for (const bucket of all) trustClock(bucket, now)
          return all
        }

        const latest = (
          states: ReadonlyArray<BucketState>,
          now: number,
          slotOf: (bucket: BucketState) => number,
        ): Place | undefined => {
          let last: Place | undefined
          for (const bucket of states) {
            const slot = slotOf(bucket)
            const at = startBefore(bucket.rate, slot, now)
            if (last === undefined || at > last.at) last = { bucket, slot, at }
          }
          return last
        }

        // Only the bucket that decides gives a turn away: the others have room before it, for mails that do not need it.
        const putOff = (mail: ShapedMail, states: ReadonlyArray<BucketState>, now: number): Later => {
          const turns = turnsOf(mail)
          const place = latest(states, now, (bucket) =>
            Math.max(slotBehindTurns(bucket, turns, now), slotInLine(bucket, mail.priority, now)),
          )
          if (place === undefined) return { type: "later", dueAt: now, reason: { code: limitReason } }
          const { bucket, slot, at } = place
          giveTurn(bucket, turns, slot)
          // Several turns at once: each claim of the store should bring more than one row.
          const leadMs = Math.max(1, Math.floor(Math.min(longestLeadMs, (places / 2) * intervalAt(bucket.rate, slot))))
          return {
            type: "later",
            dueAt: Math.max(now + 50, Math.floor((at - leadMs) / leadMs) * leadMs),
            reason: { code: limitReason, text: `bucket ${bucket.name} empty until ${iso(Math.ceil(at))}` },
          }
        }

        // Who had a turn does not queue up again behind all turns that were given since.
        const joinsAt = (mail: ShapedMail, states: ReadonlyArray<BucketState>, now: number): number =>
          latest(states, now, (bucket) => {
            const slot = slotInLine(bucket, mail.priority, now)
            const isFree = bucket.waiting + bucket.waitingFirst === 0 && startBefore(bucket.rate, slot, now) <= now
            return mail.hadTurn || isFree ? slot : Math.max(slot, slotBehindTurns(bucket, turnsOf(mail), now))
          })?.at ?? now

        const reserveSoon = (bucket: BucketState, now: number): void => {
          if (startBefore(bucket.rate, nextSlot(bucket, now), now) <= now + lookaheadMs) reservations.reserve(bucket)
        }

        const take = (states: ReadonlyArray<BucketState>, now: number): Omit<Wait, "tooLong"> | undefined => {
          const starts: Array<readonly [BucketState, Start]> = []
          let wait: Omit<Wait, "tooLong"> | undefined
          for (const bucket of states) {
            const start = firstStart(bucket.stretches, bucket.rate, now)
            if (start !== undefined && start.at <= now) {
              starts.push([bucket, start])
              continue
            }
            if (start === undefined) reserveSoon(bucket, now)
            const until = start?.at ?? freeAt(bucket, now)
            if (wait !== undefined && wait.until >= until) continue
            const askAt =
              start !== undefined ? until : bucket.isReserving ? Number.POSITIVE_INFINITY : until - lookaheadMs
            wait = { until, askAt, bucket: bucket.name }
          }
          if (wait !== undefined) return wait
          for (const [bucket, { left }] of starts) {
            bucket.stretches = left
            // Before the last slot is gone: the write that sets the next stretch aside takes its time.
            const isScarce = (left.at(-1)?.until ?? now) - now < lookaheadMs / 2
            if (isScarce && bucket.waiting + bucket.waitingFirst > 1) reserveSoon(bucket, now)
          }
          return undefined
        }

        /** Counts the mail among those in line; answers how to take it out again. */
        const join = (mail: ShapedMail, states: ReadonlyArray<BucketState>, waits: boolean): (() => void) => {
          const turns = turnsOf(mail)
          const count = (by: 1 | -1): void => {
            for (const bucket of states) {
              if (mail.priority) bucket.waitingFirst += by
              else bucket.waiting += by
            }
            const standing = (patient.get(turns) ?? 0) + (waits ? by : 0)
            if (standing === 0) patient.delete(turns)
            else patient.set(turns, standing)
          }
          let stands = true
          count(1)
          return () => {
            if (stands) count(-1)
            stands = false
          }
        }

        const ticketFor = (
          mail: ShapedMail,
          states: ReadonlyArray<BucketState>,
          since: number,
          leave: () => void,
        ): Ticket => ({
          campaignId: mail.campaignId,
          priority: mail.priority,
          take: (now) => {
            const wait = take(withPace(mail, states, now), now)
            if (wait === undefined) {
              leave()
              paces.note(mail.recipient, now)
              return undefined
            }
            const isOld = !mail.priority && now - since > 2 * patienceMs
            return { ...wait, tooLong: mail.mayMove && (isOld || wait.until - now > patienceMs) }
          },
          pause: (now) => {
            const at = latest(states, now, ({ called }) => Math.max(called, now))?.at ?? now
            for (const bucket of states) {
              const slot = Math.max(bucket.called, at)
              bucket.called = slot + intervalAt(bucket.rate, slot)
            }
            return Math.min(at - now, longestPauseMs)
          },
          look: (now) => {
            const place = latest(withPace(mail, states, now), now, (bucket) => slotInLine(bucket, mail.priority, now))
            return place === undefined || freeAt(place.bucket, now) <= now
              ? undefined
              : { bucket: place.bucket.name, until: freeAt(place.bucket, now) }
          },
          later: (now) => {
            leave()
            return putOff(mail, withPace(mail, states, now), now)
          },
        })

        return Shaper.of({
          withTicket: <A, E>(mail: ShapedMail, isShut: boolean, body: (ticket: Ticket) => Effect.Effect<A, E>) =>
            Effect.suspend((): Effect.Effect<A | Later, E> => {
              const now = clock.currentTimeMillisUnsafe()
              const limiting = statesOf(mail)
              const states = withPace(mail, limiting, now)
              const at = joinsAt(mail, states, now)
              const waits = at > now
              const standing = patient.get(turnsOf(mail)) ?? 0
              const hasPlace = at - now <= briefMs || (at - now <= patienceMs && standing < places)
              if (waits && mail.mayMove && !hasPlace && !isShut) return Effect.succeed(putOff(mail, states, now))
              const leave = join(mail, states, waits)
              return Effect.ensuring(body(ticketFor(mail, limiting, now, leave)), Effect.sync(leave))
            }),
          onChange: (listener) => {
            listeners.push(listener)
          },
          slowDown: (mail, cause) =>
            Effect.sync(() => {
              const limit = buckets.get(domainKey(mail.recipient))
              paces.slowDown(mail.recipient, limit, cause, clock.currentTimeMillisUnsafe())
            }),
          view: Effect.sync(() => {
            const now = clock.currentTimeMillisUnsafe()
            const waitedFor = [...buckets.values()]
              .map((bucket): BucketView => {
                const at = freeAt(bucket, now)
                return {
                  bucket: bucket.name,
                  emptyUntil: at > now ? at : null,
                  waiting: bucket.waiting + bucket.waitingFirst,
                }
              })
              .filter(({ emptyUntil, waiting }) => emptyUntil !== null || waiting > 0)
            return { limits: waitedFor, slowed: paces.view(now) }
          }),
        })
      }),
    )
}
