/** How long other processes of a shared storage leave a row to the process that claimed it. */
export interface LeaseTimes {
  /** A lease before the intent, milliseconds; renewed while the execution waits for the transport. Default 60,000. */
  readonly claimMs: number
  /**
   * By how much a lease outlives the transport's deadline, milliseconds: the time to start the call and to store its
   * receipt. A process that was frozen for longer does not call. Default 30,000.
   */
  readonly graceMs: number
}

/** Long enough for a busy machine; a process that is proven dead holds up nobody anyway. */
export const defaultLeaseTimes: LeaseTimes = { claimMs: 60_000, graceMs: 30_000 }

/** Claims without progress after which an execution is given up: it takes its process down, again and again. */
export const maxClaims = 3
