import * as Context from "effect/Context"

/**
 * Whether the caller waits for the answer on its own stack: nothing may be queued or slept for then. Set by the
 * synchronous API only, on storages that answer without Promises; whatever is forked meanwhile unsets it.
 */
export const Synchronous = Context.Reference<boolean>("sendstate/actors/Synchronous", { defaultValue: () => false })
