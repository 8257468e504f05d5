import * as Effect from "effect/Effect"
import type { ExecutionEvent, LookupResult } from "../../sdk/index.ts"
import type { Route } from "../routing/choice.ts"
import type { CampaignOfExecution, ProcessServices } from "./dependencies.ts"
import { messageIdOf } from "./mail.ts"
import { advance, type Progress } from "./progress.ts"

type Resolve = Omit<Extract<ExecutionEvent, { type: "RESOLVE" }>, "type" | "at" | "attempt" | "jitterUnit">

/** How long a lookup may take, milliseconds. */
const lookupDeadlineMs = 30_000

const resolve = (services: ProcessServices, progress: Progress, verdict: Resolve): Progress =>
  advance(progress, {
    type: "RESOLVE",
    attempt: progress.context.attempt,
    at: services.clock.currentTimeMillisUnsafe(),
    jitterUnit: services.random.nextDoubleUnsafe(),
    ...verdict,
  })

// A second send under the same key makes no second copy, if it starts while the other side remembers the first.
const byRepeating = (services: ProcessServices, { transport }: Route, progress: Progress): Progress => {
  const { idempotent, deadlineMs } = transport.capabilities
  if (idempotent === undefined) return progress
  const resolved = resolve(services, progress, { verdict: "notSent", by: "idempotency" })
  const { dueAt, renderedAt } = resolved.context
  return dueAt !== null && renderedAt !== null && dueAt + deadlineMs - renderedAt < idempotent.ttlMs
    ? resolved
    : progress
}

const byPolicy = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  route: Route | undefined,
  progress: Progress,
): Progress => {
  switch (campaign.onUnknown()) {
    case "assumeSent":
      return resolve(services, progress, { verdict: "sent", by: "policy" })
    case "resend":
      // Out of attempts the machine does not take it: the mail stays in doubt, listed.
      // Nor is it sent again where only another transport could.
      return route === undefined ? progress : resolve(services, progress, { verdict: "notSent", by: "policy" })
    case "hold":
      return progress
  }
}

const lookUp = (campaign: CampaignOfExecution, { transport }: Route, progress: Progress): Effect.Effect<LookupResult> =>
  Effect.gen(function* () {
    const { definition } = yield* campaign.definition(progress.row)
    return yield* Effect.tryPromise(async (signal) =>
      transport.lookup === undefined
        ? ({ type: "unknown" } as const)
        : transport.lookup({
            idempotencyKey: progress.row.id,
            messageId: messageIdOf(progress.row.id, definition),
            signal,
          }),
    )
  }).pipe(
    Effect.timeout(lookupDeadlineMs),
    // A lookup that fails, or answers what its contract does not know, has said nothing; the policy decides.
    Effect.map((answer): LookupResult => answer ?? { type: "unknown" }),
    Effect.catch(() => Effect.succeed({ type: "unknown" } as const)),
  )

/**
 * Resolves an execution in doubt as far as that is possible without a person: by what the transport can do, else by the
 * campaign's policy. Anything else passes unchanged.
 */
export const settleDoubt = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  progress: Progress,
): Effect.Effect<Progress> =>
  Effect.gen(function* () {
    if (progress.state !== "sending.inDoubt") return progress
    // Only the transport that may have it knows.
    const route = services.routes.of(progress.context.via)
    if (route === undefined) return byPolicy(services, campaign, route, progress)
    if (route.transport.lookup !== undefined) {
      const found = yield* lookUp(campaign, route, progress)
      if (found.type === "accepted") return resolve(services, progress, { verdict: "sent", by: "lookup" })
      if (found.type === "notFound") return resolve(services, progress, { verdict: "notSent", by: "lookup" })
    }
    const repeated = byRepeating(services, route, progress)
    return repeated === progress ? byPolicy(services, campaign, route, progress) : repeated
  })
