/** Length of a lease before the intent, milliseconds; renewed while the execution waits for the transport. */
export const leaseMs = 60_000

/** By how much a lease outlives the transport's deadline, milliseconds: the time to start the call and store its receipt. */
export const leaseGraceMs = 30_000

/** Claims without progress after which an execution is given up: it takes its process down, again and again. */
export const maxClaims = 3
