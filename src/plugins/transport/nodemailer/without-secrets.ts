import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import { Secrets } from "../smtp/secrets.ts"

/** Parts of nodemailer's `auth` that are no secrets. */
const shown = new Set(["type", "method", "user", "accessUrl", "expires", "clientId", "serviceClient"])

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

// Read anew for each text: tokens change.
const secretsOf = (options: unknown): Secrets => {
  const auth = fieldsOf(fieldsOf(options).auth)
  const secrets = new Secrets(
    typeof auth.pass === "string" ? { user: String(auth.user ?? ""), pass: auth.pass } : undefined,
  )
  for (const [name, value] of Object.entries(auth))
    if (typeof value === "string" && !shown.has(name) && name !== "pass") secrets.add(value)
  return secrets
}

/** What a transporter's server said, with the secrets of the transporter's options masked: some servers repeat them. */
export const withoutSecrets = (options: unknown, outcome: SendOutcome): SendOutcome => {
  const secrets = secretsOf(options)
  if (outcome.type === "unknown")
    return outcome.reason === undefined ? outcome : { ...outcome, reason: secrets.redact(outcome.reason) }
  return outcome.response === undefined ? outcome : { ...outcome, response: secrets.redact(outcome.response) }
}
