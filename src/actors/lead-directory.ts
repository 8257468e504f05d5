import * as Effect from "effect/Effect"
import { InvalidInput, type Lead, type LeadInput, leadSchema, parse } from "../sdk/index.ts"

/** Answers who a lead is now; `undefined` when there is no such lead any more. */
export type LeadDirectory = (id: string, options: { readonly signal: AbortSignal }) => Promise<LeadInput | undefined>

/** Why a lead could not be read, and whether another try may help. */
export interface LeadUnavailable {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
}

/** How long the host may take to answer, milliseconds. */
const deadlineMs = 30_000

const unavailable = (id: string, cause: unknown): LeadUnavailable =>
  cause instanceof InvalidInput
    ? { code: "invalid-lead", retryable: false, message: cause.message }
    : {
        code: "lead-unavailable",
        retryable: true,
        message: `The lead ${id} could not be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      }

/** The host's directory as the actors ask it: checked, within a deadline. A lead keeps the id that it was asked by. */
export const askDirectory =
  (directory: LeadDirectory) =>
  (id: string): Effect.Effect<Lead | undefined, LeadUnavailable> =>
    Effect.tryPromise({
      try: async (signal) => {
        const found = await directory(id, { signal })
        return found === undefined ? undefined : parse(leadSchema, { ...found, id }, `The lead ${JSON.stringify(id)}`)
      },
      catch: (cause) => unavailable(id, cause),
    }).pipe(
      Effect.timeout(deadlineMs),
      Effect.catchTag("TimeoutError", () => Effect.fail(unavailable(id, `no answer within ${deadlineMs / 1_000} s`))),
    )
