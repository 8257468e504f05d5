import { readToken, signToken } from "../signed-token.ts"

/** Who wants no more of what, as the signed link in a mail says. */
export interface Unsubscription {
  readonly leadId: string
  /** The topic of the mail's campaign; `null` for everything. */
  readonly topic: string | null
  /** The mail that the link stands in. */
  readonly executionId?: string
  /** The name on the suppression list of the address that was mailed: known also when the lead has another one by now. */
  readonly suppressionKey?: string
}

const purpose = "unsubscribe/1"

/** The token of a link that unsubscribes; nobody without the keys can make one. */
export const unsubscribeToken = (
  keys: ReadonlyArray<Uint8Array>,
  { leadId, topic, executionId, suppressionKey }: Unsubscription,
): string => {
  const words = [leadId, topic ?? "", executionId ?? "", suppressionKey ?? ""]
  return signToken(keys, purpose, words)
}

/** What a token says, or `undefined` when it was not signed with one of the keys. */
export const readUnsubscribeToken = (keys: ReadonlyArray<Uint8Array>, token: string): Unsubscription | undefined => {
  const [leadId, topic, executionId = "", suppressionKey = ""] = readToken(keys, purpose, token) ?? []
  if (leadId === undefined || topic === undefined) return undefined
  return {
    leadId,
    topic: topic === "" ? null : topic,
    ...(executionId === "" ? {} : { executionId }),
    ...(suppressionKey === "" ? {} : { suppressionKey }),
  }
}
