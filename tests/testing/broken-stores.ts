import type { Commit, Fence, Storage, StorageDriver } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import type { StoreSubject } from "sendstate/testing"

/** A driver with one rule of the contract broken, made of one that keeps them all. */
export type Break = (driver: StorageDriver) => Partial<StorageDriver>

/** The fence as the row has it now: what who compares nothing makes of it. */
export const withFence = async (driver: StorageDriver, fence: Fence, part: "token" | "version"): Promise<Fence> => {
  const [row] = await driver.get([fence.id])
  return row === undefined ? fence : { ...fence, [part]: row[part] }
}

const commitAs =
  (change: (commit: Commit, driver: StorageDriver) => Promise<Commit> | Commit): Break =>
  (driver) => ({
    commit: async (commits, now) =>
      driver.commit(await Promise.all(commits.map(async (commit) => change(commit, driver))), now),
  })

/** One for each rule. */
export const breaks = {
  "a new execution is stored with another time": (driver) => ({
    enroll: (items) =>
      driver.enroll(
        items.map((item) => ({ ...item, execution: { ...item.execution, createdAt: item.execution.createdAt + 1 } })),
      ),
  }),
  "campaigns share their numbers": (driver) => ({ counts: () => driver.counts("spring") }),
  "a paused campaign goes on": (driver) => ({
    claimDue: async (request) => {
      const [campaign] = await driver.documents("campaign", ["spring"])
      await driver.writeDocuments([{ kind: "campaign", key: "spring", value: { state: "running" } }])
      const rows = await driver.claimDue(request)
      await driver.writeDocuments([{ kind: "campaign", key: "spring", value: campaign?.value ?? null }])
      return rows
    },
  }),
  "a claim looks only behind what it gave before": (driver) => {
    let place = 0
    return {
      claimDue: async (request) => {
        const rows = await driver.claimDue(request)
        const passed = rows.filter(({ scheduledFor }) => scheduledFor < place)
        await driver.release(passed, request.now)
        place = Math.max(place, ...rows.map(({ scheduledFor }) => scheduledFor))
        return rows.filter((row) => !passed.includes(row))
      },
    }
  },
  "documents are listed in no order": (driver) => ({
    listDocuments: async (kind, page) => [...(await driver.listDocuments(kind, page))].reverse(),
  }),
  "texts of documents are written in one encoding and read in another": (driver) => ({
    writeDocuments: (writes) =>
      driver.writeDocuments(
        writes.map((write) => ({
          ...write,
          value: JSON.parse(Buffer.from(JSON.stringify(write.value)).toString("latin1")),
        })),
      ),
  }),
  "enroll is not idempotent": (driver) => ({
    enroll: async (items) => (await driver.enroll(items)).map(() => "created" as const),
  }),
  "enroll changes a known lead": (driver) => ({
    enroll: async (items) => {
      await driver.writeDocuments(
        items.map(({ lead }) => ({ kind: "lead" as const, key: lead.id, value: { ...lead } })),
      )
      return driver.enroll(items)
    },
  }),
  "a claim gives more than was asked for": (driver) => ({
    claimDue: (request) => driver.claimDue({ ...request, limit: request.limit + 1 }),
  }),
  "a claim takes what is not due yet": (driver) => ({
    claimDue: (request) => driver.claimDue({ ...request, now: request.now + 1 }),
  }),
  "a claim ignores the campaigns asked for": (driver) => ({
    claimDue: ({ campaigns: _, ...request }) => driver.claimDue(request),
  }),
  "a lease never ends": (driver) => ({
    claimDue: (request) => driver.claimDue({ ...request, leaseMs: request.leaseMs * 1_000 }),
  }),
  "a renewal shortens the lease": (driver) => ({
    renew: (fences, lease) => driver.renew(fences, { ...lease, until: lease.until - 100 }),
  }),
  "a renewal of a lost lease is confirmed": (driver) => ({
    renew: async (fences, lease) => (await driver.renew(fences, lease)).map(() => true),
  }),
  "a release leaves the lease": () => ({ release: async (fences) => fences.map(() => true) }),
  "a commit does not compare the token": commitAs(async (commit, driver) => ({
    ...commit,
    ...(await withFence(driver, commit, "token")),
  })),
  "a commit does not compare the version": commitAs(async (commit, driver) => ({
    ...commit,
    ...(await withFence(driver, commit, "version")),
  })),
  "an intent is not refused for a suppression or a pause": commitAs(({ requires: _, ...commit }) => commit),
  "a commit is not refused for a flag": commitAs((commit) => ({ ...commit, receipt: true })),
  "a receipt is refused for a flag": commitAs((commit) => ({ ...commit, receipt: false })),
  "the next step is planned in a second write, or not at all": commitAs(({ plan: _, ...commit }) => commit),
  "the history is not written with the state": commitAs((commit) => ({ ...commit, events: [] })),
  "an enrollment's end is forgotten": commitAs(({ enrollment: _, ...commit }) => commit),
  "a lease is given back with the intent": commitAs((commit) => ({ ...commit, leaseUntil: null })),
  "one element of a batch decides for all": (driver) => ({
    commit: async (commits, now) => {
      const results = await driver.commit(commits, now)
      const refusal = results.find(({ type }) => type !== "ok")
      return refusal === undefined ? results : results.map(() => refusal)
    },
  }),
  "a signal does not compare": (driver) => ({
    signal: async (signals) =>
      driver.signal(
        await Promise.all(
          signals.map(async (signal) => {
            const [row] = await driver.get([signal.commit.id])
            return row === undefined
              ? signal
              : { ...signal, commit: { ...signal.commit, token: row.token, version: row.version } }
          }),
        ),
      ),
  }),
  "a signal forgets the flag": () => ({ signal: async (signals) => signals.map(() => ({ type: "flagged" as const })) }),
  "nextDueAt knows no leases": (driver) => ({
    nextDueAt: async (campaigns) => {
      const rows = await driver.list({ limit: 1_000 })
      return rows.some(({ owner }) => owner !== null) ? null : driver.nextDueAt(campaigns)
    },
  }),
  "counts forget what is leased": (driver) => ({
    counts: async (campaignId) => ({ ...(await driver.counts(campaignId)), rendering: 0 }),
  }),
  "a list ignores its filter": (driver) => ({ list: ({ buckets: _, ...query }) => driver.list(query) }),
  "pages overlap": (driver) => ({
    list: ({ after, ...query }) =>
      driver.list({ ...query, ...(after === undefined ? {} : { after: after.slice(0, -1) }) }),
  }),
  "the change log skips an entry": (driver) => ({
    changes: async (since, limit) => {
      const page = await driver.changes(since, limit)
      return { ...page, entries: page.entries.slice(page.entries.length > 1 ? 1 : 0) }
    },
  }),
  "a document's version is not compared": (driver) => ({
    writeDocuments: (writes) => driver.writeDocuments(writes.map(({ expected: _, ...write }) => write)),
  }),
  "an erased lead is still there": () => ({ erase: () => true }),
  "erasing keeps the lead's id in its executions": (driver) => {
    const named = new Map<string, string>()
    return {
      erase: (leadId, pseudonym) => {
        named.set(pseudonym, leadId)
        return driver.erase(leadId, pseudonym)
      },
      get: async (ids) =>
        (await driver.get(ids)).map((row) => row && { ...row, leadId: named.get(row.leadId) ?? row.leadId }),
    }
  },
  "pruning loses the counts": (driver) => {
    let lost = 0
    return {
      prune: async (endedBefore) => {
        const pruned = await driver.prune(endedBefore)
        lost += pruned
        return pruned
      },
      counts: async (campaignId) => {
        const counts = await driver.counts(campaignId)
        return { ...counts, planned: counts.planned - lost }
      },
    }
  },
  "verify finds fault with itself": (driver) => ({
    verify: async () => ({ ...(await driver.verify()), problems: [{ key: "x", problem: "made up" }] }),
  }),
  "it answers after it was closed": () => ({ close: () => undefined }),
} satisfies Readonly<Record<string, Break>>

const open = async (storage: Storage, broken: Break | undefined, mode: "own" | "observe"): Promise<StorageDriver> => {
  const driver = await storage.open({ mode, now: () => 0 })
  return broken === undefined ? driver : { ...driver, ...broken({ ...driver }) }
}

/** The memory store with this rule broken; `undefined` breaks none. */
export const subjectOf = (broken: Break | undefined) => (): StoreSubject => {
  const storage = memory()
  // Promises throughout: a wrapper that waits makes a synchronous store an asynchronous one.
  const declared: Storage = { ...storage, capabilities: { ...storage.capabilities, sync: false } }
  return {
    storage: declared,
    open: (mode = "own") => open(storage, broken, mode),
    crash: async () => storage.kill(),
    dispose: () => undefined,
  }
}

/** Stores that are wrong as a whole, whatever their single answers are. */
export const brokenSubjects = {
  "it declares sync and answers later": () => {
    const storage = memory()
    const later: Break = (driver) => ({ counts: async (campaignId) => driver.counts(campaignId) })
    return { storage, open: (mode = "own") => open(storage, later, mode), dispose: () => undefined }
  },
  "claims of who was killed are not counted": () => ({
    ...subjectOf(undefined)(),
    crash: async (driver) => driver.close(),
  }),
  "what was acknowledged dies with its process": () => {
    let storage = memory()
    return {
      storage,
      open: (mode = "own") => open(storage, undefined, mode),
      crash: async () => {
        storage = memory()
      },
      dispose: () => undefined,
    }
  },
} satisfies Readonly<Record<string, () => StoreSubject>>
