import { anyOther, domainOf, type ExecutionRow, type Lead, type Limits, type Rate } from "../../sdk/index.ts"
import type { Definition } from "../campaign/definition.ts"

/** What limits need to know of a mail. */
export interface ShapedMail {
  readonly campaignId: string
  /** Goes before mails of campaigns without priority. */
  readonly priority: boolean
  /** Of the campaign. */
  readonly limit: Rate | undefined
  /** Domain of the From address. */
  readonly sender: string
  /** Domain of the recipient. */
  readonly recipient: string
  /** Names of the transports of which any may take it. */
  readonly ways: ReadonlyArray<string>
  /** Whether it was given a turn before, which has come now. */
  readonly hadTurn: boolean
  /** Whether it may be put off: not when it repeats one in doubt, while the other side still remembers the first. */
  readonly mayMove: boolean
}

/** Why a mail waits for its turn: the code of the reason. */
export const limitReason = "limit"

/** What limits need to know of a claimed execution. */
export const shapedMailOf = (
  definition: Definition,
  row: ExecutionRow,
  lead: Lead,
  ways: ReadonlyArray<string>,
): ShapedMail => ({
  campaignId: row.campaignId,
  priority: definition.priority === "transactional",
  limit: definition.limit,
  sender: domainOf(definition.from.address),
  recipient: domainOf(lead.email),
  ways,
  hadTurn: row.context.reason?.code === limitReason,
  mayMove: !row.context.safeResend,
})

/** A bucket that a mail takes from. */
export interface BucketOfMail {
  readonly key: string
  readonly name: string
  readonly rate: Rate
}

/** The key of a recipient domain's bucket. */
export const domainKey = (domain: string): string => `domain:${domain}`

/** The bucket that whatever goes through this transport takes from; `undefined` where it has no limit. */
export const bucketOfWay = ({ transports }: Limits, name: string): BucketOfMail | undefined => {
  const rate = transports.get(name) ?? transports.get(anyOther)
  return rate === undefined ? undefined : { key: `transport:${name}`, name: `transport ${name}`, rate }
}

/** The buckets that a mail takes from whichever way it goes: the same ones for all mails that share a limit. */
export const bucketsOf = (limits: Limits, mail: ShapedMail): ReadonlyArray<BucketOfMail> => {
  const sender = limits.senders.get(mail.sender) ?? limits.senders.get(anyOther)
  const domain = limits.domains.get(mail.recipient) ?? limits.domains.get(anyOther)
  return [
    ...(limits.runtime === undefined ? [] : [{ key: "runtime", name: "runtime", rate: limits.runtime }]),
    ...(sender === undefined ? [] : [{ key: `sender:${mail.sender}`, name: `sender ${mail.sender}`, rate: sender }]),
    ...(domain === undefined ? [] : [{ key: domainKey(mail.recipient), name: mail.recipient, rate: domain }]),
    ...(mail.limit === undefined
      ? []
      : [{ key: `campaign:${mail.campaignId}`, name: `campaign ${mail.campaignId}`, rate: mail.limit }]),
  ]
}
