import * as Effect from "effect/Effect"
import {
  type ExecutionRow,
  type FrequencyCap,
  idOf,
  type Json,
  type Lead,
  type Reason,
  StorageError,
} from "../../sdk/index.ts"
import { daysAfter, dayText, instantOf, localTimeOf, weekdayOfDay } from "../calendar/local-day.ts"
import { zoneFor } from "../calendar/zone.ts"
import type { Definition } from "../campaign/definition.ts"
import type { Store } from "../store.ts"

/** A mail of a lead that counts. */
interface CountedMail {
  readonly id: string
  readonly campaign: string
  /** Epoch ms. */
  readonly at: number
}

/** A cap with whose mails it counts. */
interface Cap extends FrequencyCap {
  /** Absent: all campaigns'. */
  readonly campaign?: string
}

/** The lead has had its mails: when the next one may be sent. */
export interface Capped {
  /** Epoch ms. */
  readonly dueAt: number
  readonly reason: Reason
}

/** A mail that is about to be sent. */
export interface MailToCount {
  readonly row: ExecutionRow
  readonly lead: Lead
  readonly definition: Definition
  /** Epoch ms. */
  readonly now: number
}

/** What counting needs. */
interface Counting {
  readonly store: Store["Service"]
  /** Over all campaigns. */
  readonly frequency: FrequencyCap | undefined
}

/** No period is longer in any zone, milliseconds. */
const rememberedMs = 9 * 86_400_000

/** Writers of one lead at the same moment; that many in a row mean that something is broken. */
const maxTries = 50

/** Where a lead's mails are counted: a hash of its id. */
export const frequencyKey = (leadId: string): string => idOf("frequency", leadId)

const periodOf = (zone: string, at: number, per: FrequencyCap["per"]) => {
  const { minute, ...today } = localTimeOf(zone, at)
  const first = per === "day" ? today : daysAfter(today, -((weekdayOfDay(today) + 6) % 7))
  return {
    name: dayText(first),
    /** The same time of day in the next one. */
    next: () => instantOf(zone, daysAfter(first, per === "day" ? 1 : 7), minute),
  }
}

const capsOf = ({ frequency }: Counting, { definition }: MailToCount): ReadonlyArray<Cap> => [
  ...(frequency === undefined ? [] : [frequency]),
  ...(definition.frequency === undefined ? [] : [{ ...definition.frequency, campaign: definition.id }]),
]

const cappedBy = (
  caps: ReadonlyArray<Cap>,
  mails: ReadonlyArray<CountedMail>,
  { row, lead, definition, now }: MailToCount,
): Capped | undefined => {
  const zone = zoneFor(definition, lead)
  let latest: Capped | undefined
  for (const { max, per, campaign } of caps) {
    const period = periodOf(zone, now, per)
    // A mail that is tried again counts once.
    const others = mails.filter(
      (mail) =>
        mail.id !== row.id &&
        (campaign === undefined || mail.campaign === campaign) &&
        periodOf(zone, mail.at, per).name === period.name,
    )
    if (others.length < max) continue
    const dueAt = period.next()
    if (latest !== undefined && latest.dueAt >= dueAt) continue
    const text = `frequency cap of ${max} a ${per} reached until ${new Date(dueAt).toISOString()}`
    latest = { dueAt, reason: { code: "frequency", text } }
  }
  return latest
}

const readMails = ({ store }: Counting, leadId: string) =>
  Effect.map(
    store.use((driver) => driver.documents("frequency", [frequencyKey(leadId)])),
    ([document]) => ({
      version: document?.version ?? 0,
      mails: (document?.value.mails ?? []) as unknown as ReadonlyArray<CountedMail>,
    }),
  )

/** Whether the lead has had its mails, as things stand; counts nothing. */
export const lookAtCaps = (counting: Counting, mail: MailToCount): Effect.Effect<Capped | undefined, StorageError> => {
  const caps = capsOf(counting, mail)
  return caps.length === 0
    ? Effect.succeed(undefined)
    : Effect.map(readMails(counting, mail.row.leadId), ({ mails }) => cappedBy(caps, mails, mail))
}

/**
 * Counts the mail, durably, before its intent; answers when it may be sent instead, should the lead have had its mails.
 * The count is compared and set, so that mails of several campaigns and processes never pass a cap together.
 */
export const countMail = (counting: Counting, mail: MailToCount): Effect.Effect<Capped | undefined, StorageError> =>
  Effect.gen(function* () {
    const caps = capsOf(counting, mail)
    if (caps.length === 0) return undefined
    const { row, definition, now } = mail
    const counted: CountedMail = { id: row.id, campaign: definition.id, at: now }
    for (let tries = 0; tries < maxTries; tries += 1) {
      const { version, mails } = yield* readMails(counting, row.leadId)
      const capped = cappedBy(caps, mails, mail)
      if (capped !== undefined) return capped
      const kept = mails.filter(({ id, at }) => id !== row.id && now - at < rememberedMs)
      const value = { mails: [...kept, counted] as unknown as Json }
      const [result] = yield* counting.store.use((driver) =>
        driver.writeDocuments([{ kind: "frequency", key: frequencyKey(row.leadId), expected: version, value }]),
      )
      if (result?.type === "ok") return undefined
    }
    return yield* Effect.fail(
      new StorageError({
        storage: counting.store.storage.name,
        code: "contended",
        retryable: true,
        indeterminate: false,
        message: `The mails of a lead were counted by others ${maxTries} times while the execution ${row.id} was counted. It is tried again.`,
      }),
    )
  })
