import type { StorageDriver } from "sendstate/sdk"
import { type Break, withFence } from "./broken-stores.ts"

const heldRows = async (driver: StorageDriver) =>
  (await driver.list({ limit: 1_000 })).filter(({ owner }) => owner !== null)

/** What each of two processes may do wrong with the store that they share; one for each rule about them. */
export const processBreaks = {
  "two processes get the same row": (driver) => ({
    claimDue: async (request) => {
      const rows = await driver.claimDue(request)
      const others = (await heldRows(driver)).filter(({ owner }) => owner !== request.owner)
      return [...rows, ...others].slice(0, request.limit)
    },
  }),
  "the lease of a process that is gone is never over": (driver) => ({
    claimDue: (request) => driver.claimDue({ ...request, leaseMs: request.leaseMs * 1_000 }),
  }),
  "who closes gives back the leases of all": (driver) => ({
    close: async () => {
      await driver.release(await heldRows(driver), 0)
      await driver.close()
    },
  }),
  "each process enrolls for itself": (driver) => ({
    enroll: async (items) => (await driver.enroll(items)).map(() => "created" as const),
  }),
  "of two commits the later one wins": (driver) => ({
    commit: async (commits, now) => {
      const results = await driver.commit(commits, now)
      return Promise.all(
        results.map(async (result, index) => {
          const commit = commits[index]
          if (result.type !== "leaseLost" || commit === undefined) return result
          const [again] = await driver.commit([{ ...commit, ...(await withFence(driver, commit, "version")) }], now)
          return again ?? result
        }),
      )
    },
  }),
  "a process does not hear of suppressions and pauses": (driver) => ({
    commit: (commits, now) =>
      driver.commit(
        commits.map(({ requires: _, ...commit }) => commit),
        now,
      ),
  }),
  "a wish for the row of another one is lost": () => ({
    signal: async (signals) => signals.map(() => ({ type: "flagged" as const })),
  }),
  "what is written meanwhile is missing in the change log": (driver) => ({
    changes: async (since, limit) => {
      const page = await driver.changes(since, limit)
      return { ...page, entries: page.entries.slice(page.entries.length > 1 ? 1 : 0) }
    },
  }),
  "each process counts what it did itself": (driver) => {
    let created = 0
    return {
      enroll: async (items) => {
        const answers = await driver.enroll(items)
        created += answers.filter((answer) => answer === "created").length
        return answers
      },
      counts: async (campaignId) => ({ ...(await driver.counts(campaignId)), planned: created }),
    }
  },
} satisfies Readonly<Record<string, Break>>
