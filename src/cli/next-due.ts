import type { Storage, StorageDriver } from "sendstate/sdk"

/** When a campaign will next have something to do; reads beside its owner. */
export interface NextDue {
  /** Milliseconds from now; undefined when nothing waits. */
  readonly inMs: () => Promise<number | undefined>
  readonly close: () => Promise<void>
}

/** How long an answer is taken for true, milliseconds. */
const freshMs = 1_000

/** Looks into this storage, once it is there. */
export const nextDueOf = (storage: Storage, campaignId: string): NextDue => {
  let driver: StorageDriver | undefined
  let dueAt: number | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  return {
    inMs: async () => {
      const now = Date.now()
      if (now - askedAt > freshMs) {
        askedAt = now
        driver ??= await storage.open({ mode: "observe", now: Date.now })
        dueAt = await driver.nextDueAt([campaignId])
      }
      return dueAt === null ? undefined : dueAt - now
    },
    close: async () => driver?.close(),
  }
}
