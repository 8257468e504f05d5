import { addressKey } from "../../../sdk/domain/address.ts"
import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import { classifyError } from "./classify-error.ts"

const addressesIn = (info: object, key: string): ReadonlyArray<string> | undefined => {
  const value: unknown = Reflect.get(info, key)
  if (!Array.isArray(value)) return undefined
  return value.map((entry: unknown) =>
    addressKey(
      typeof entry === "object" && entry !== null && "address" in entry ? String(entry.address) : String(entry),
    ),
  )
}

/**
 * What a `sendMail` that resolved means. It also resolves when recipients were refused, so `accepted` and `rejected`
 * together must name exactly our recipient; transporters that name nobody (SES, streams) are believed.
 */
export const classifyInfo = (info: unknown, recipient: string): SendOutcome => {
  const details = typeof info === "object" && info !== null ? info : {}
  const response: unknown = Reflect.get(details, "response")
  const text = typeof response === "string" ? { response } : {}
  const accepted = addressesIn(details, "accepted")
  const rejected = addressesIn(details, "rejected") ?? []
  if (accepted === undefined && rejected.length === 0) return { type: "accepted", ...text }
  const ours = addressKey(recipient)
  const taken = accepted ?? []
  if (taken.length === 1 && taken[0] === ours && rejected.length === 0) return { type: "accepted", ...text }
  if (taken.length === 0 && rejected.length === 1 && rejected[0] === ours) return refusal(details)
  return {
    type: "unknown",
    stage: "handed-over",
    reason: `the transporter reports ${taken.length} accepted and ${rejected.length} rejected recipients instead of the one that was given`,
  }
}

const refusal = (info: object): SendOutcome => {
  const errors: unknown = Reflect.get(info, "rejectedErrors")
  const outcome = Array.isArray(errors) && errors.length > 0 ? classifyError(errors[0]) : undefined
  if (outcome?.type === "rejected") return outcome
  return { type: "rejected", scope: "recipient", retryable: true, code: "rejected" }
}
