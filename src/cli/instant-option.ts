import { toInstant } from "sendstate/sdk"
import { UsageError } from "./usage-error.ts"

/** The instant (epoch ms) that an option names in ISO 8601. Throws UsageError. */
export const instantOption = (name: string, text: string): number => {
  const at = toInstant(text)
  if (at !== undefined && at >= 0) return at
  throw new UsageError(
    `--${name} is an ISO 8601 time of a day that exists, for example 2026-12-01T09:00:00Z, not "${text}".`,
  )
}
