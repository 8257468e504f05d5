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
import { PlaceInLine } from "./place-in-line.ts"
import { makeReservations } from "./reservations.ts"
import { type BucketOfMail, bucketOfWay, bucketsOf, domainKey, limitReason, type ShapedMail } from "./shaped-mail.ts"

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
  /**
   * How long it would wait for the limit of this transport, milliseconds; 0 where that holds up nobody. Its other limits
   * are the same whichever way it goes.
   */
  readonly waitFor: (transport: string, now: number) => number
  /** From now on it stands in line for this transport's limit, and takes a start from it too. */
  readonly goThrough: (transport: string) => void
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

const takenFrom = (limiting: ReadonlyArray<BucketState>, way: BucketState | undefined): ReadonlyArray<BucketState> =>
  way === undefined ? limiting : [...limiting, way]

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
    readonly slowDown: (domain: string, cause: string) => Effect.Effect<void>
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

        const stateOf = ({ key, name, rate }: BucketOfMail): BucketState => {
          const bucket = buckets.get(key) ?? newBucketState(key, name, rate)
          // A campaign's limit may have been edited.
          bucket.rate = rate
          buckets.set(key, bucket)
          return bucket
        }

        const stateOfWay = (name: string): BucketState | undefined => {
          const bucket = bucketOfWay(limits, name)
          return bucket === undefined ? undefined : stateOf(bucket)
        }

        // Who had a turn does not queue up again behind all turns that were given since.
        const slotToJoin = (mail: ShapedMail, bucket: BucketState, now: number): number => {
          const slot = slotInLine(bucket, mail.priority, now)
          const isFree = bucket.waiting + bucket.waitingFirst === 0 && startBefore(bucket.rate, slot, now) <= now
          return mail.hadTurn || isFree ? slot : Math.max(slot, slotBehindTurns(bucket, turnsOf(mail), now))
        }

        const slotOfTurn = (mail: ShapedMail, bucket: BucketState, now: number): number =>
          Math.max(slotBehindTurns(bucket, turnsOf(mail), now), slotInLine(bucket, mail.priority, now))

        // Of the transports that may take it the one that may first; `undefined` where one has no limit.
        const easiestWay = (mail: ShapedMail, now: number, slotOf: typeof slotOfTurn): BucketState | undefined => {
          let easiest: Place | undefined
          for (const name of limits.transports.size === 0 ? [] : mail.ways) {
            const bucket = stateOfWay(name)
            if (bucket === undefined) return undefined
            trustClock(bucket, now)
            const slot = slotOf(mail, bucket, now)
            const at = startBefore(bucket.rate, slot, now)
            if (easiest === undefined || at < easiest.at) easiest = { bucket, slot, at }
          }
          return easiest?.bucket
        }

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
        const putOff = (mail: ShapedMail, limiting: ReadonlyArray<BucketState>, now: number): Later => {
          const states = withPace(mail, takenFrom(limiting, easiestWay(mail, now, slotOfTurn)), now)
          const place = latest(states, now, (bucket) => slotOfTurn(mail, bucket, now))
          if (place === undefined) return { type: "later", dueAt: now, reason: { code: limitReason } }
          const { bucket, slot, at } = place
          giveTurn(bucket, turnsOf(mail), slot)
          // Several turns at once: each claim of the store should bring more than one row.
          const leadMs = Math.max(1, Math.floor(Math.min(longestLeadMs, (places / 2) * intervalAt(bucket.rate, slot))))
          return {
            type: "later",
            dueAt: Math.max(now + 50, Math.floor((at - leadMs) / leadMs) * leadMs),
            reason: { code: limitReason, text: `bucket ${bucket.name} empty until ${iso(Math.ceil(at))}` },
          }
        }

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

        const joinLine = (
          mail: ShapedMail,
          limiting: ReadonlyArray<BucketState>,
          way: BucketState | undefined,
          waits: boolean,
        ): PlaceInLine => {
          const turns = turnsOf(mail)
          if (waits) patient.set(turns, (patient.get(turns) ?? 0) + 1)
          const onLeave = (): void => {
            const left = (patient.get(turns) ?? 0) - (waits ? 1 : 0)
            if (left === 0) patient.delete(turns)
            else patient.set(turns, left)
          }
          const pace = paces.bucketOf(mail.recipient, clock.currentTimeMillisUnsafe())
          return new PlaceInLine({ priority: mail.priority, limiting, way, pace, onLeave })
        }

        const ticketFor = (mail: ShapedMail, place: PlaceInLine, since: number): Ticket => ({
          campaignId: mail.campaignId,
          priority: mail.priority,
          take: (now) => {
            const wait = take(withPace(mail, place.buckets, now), now)
            if (wait === undefined) {
              place.leave()
              paces.note(mail.recipient, now)
              return undefined
            }
            const isOld = !mail.priority && now - since > 2 * patienceMs
            return { ...wait, tooLong: mail.mayMove && (isOld || wait.until - now > patienceMs) }
          },
          pause: (now) => {
            const at = latest(place.buckets, now, ({ called }) => Math.max(called, now))?.at ?? now
            for (const bucket of place.buckets) {
              const slot = Math.max(bucket.called, at)
              bucket.called = slot + intervalAt(bucket.rate, slot)
            }
            return Math.min(at - now, longestPauseMs)
          },
          look: (now) => {
            const last = latest(withPace(mail, place.buckets, now), now, (bucket) =>
              slotInLine(bucket, mail.priority, now),
            )
            return last === undefined || freeAt(last.bucket, now) <= now
              ? undefined
              : { bucket: last.bucket.name, until: freeAt(last.bucket, now) }
          },
          later: (now) => {
            place.leave()
            return putOff(mail, place.limiting, now)
          },
          waitFor: (transport, now) => {
            const way = stateOfWay(transport)
            if (way === undefined) return 0
            // Behind all others, of whom it is one already where it stands.
            const others = place.way === way ? intervalAt(way.rate, now) : 0
            const waitMs = startBefore(way.rate, slotInLine(way, mail.priority, now) - others, now) - now
            return waitMs <= briefMs ? 0 : waitMs
          },
          goThrough: (transport) => place.goThrough(stateOfWay(transport)),
        })

        return Shaper.of({
          withTicket: <A, E>(mail: ShapedMail, isShut: boolean, body: (ticket: Ticket) => Effect.Effect<A, E>) =>
            Effect.suspend((): Effect.Effect<A | Later, E> => {
              const now = clock.currentTimeMillisUnsafe()
              const limiting = bucketsOf(limits, mail).map(stateOf)
              const way = easiestWay(mail, now, slotToJoin)
              const states = withPace(mail, takenFrom(limiting, way), now)
              const waits = (latest(states, now, (bucket) => slotToJoin(mail, bucket, now))?.at ?? now) - now
              const standing = patient.get(turnsOf(mail)) ?? 0
              const hasPlace = waits <= briefMs || (waits <= patienceMs && standing < places)
              if (mail.mayMove && !hasPlace && !isShut) return Effect.succeed(putOff(mail, limiting, now))
              const place = joinLine(mail, limiting, way, waits > 0)
              return Effect.ensuring(
                body(ticketFor(mail, place, now)),
                Effect.sync(() => place.leave()),
              )
            }),
          onChange: (listener) => {
            listeners.push(listener)
          },
          slowDown: (domain, cause) =>
            Effect.sync(() => {
              const limit = buckets.get(domainKey(domain))
              paces.slowDown(domain, limit, cause, clock.currentTimeMillisUnsafe())
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
