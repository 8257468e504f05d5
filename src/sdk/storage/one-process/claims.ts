import type { ClaimRequest, Fence, StorageDriver } from "../driver.ts"
import { atRest, claim, isClaimable, type RowEntry, released, renewed } from "../rules.ts"
import type { Engine } from "./engine.ts"
import type { Stored } from "./records.ts"

const byDueAt = (left: Stored, right: Stored): number =>
  (left.row.dueAt ?? 0) - (right.row.dueAt ?? 0) || left.slot - right.slot

const claimable = (engine: Engine, { campaigns, limit, now }: ClaimRequest): Array<Stored> => {
  const found: Array<Stored> = []
  const asked = campaigns === undefined ? undefined : new Set(campaigns)
  const runs = (campaignId: string) => engine.campaignState(campaignId) === "running"
  for (const campaignId of asked ?? engine.records.campaigns()) {
    found.push(...engine.lanes.first({ campaignId, urgent: true }, now, limit))
    if (runs(campaignId)) found.push(...engine.lanes.first({ campaignId, urgent: false }, now, limit))
  }
  for (const stored of engine.leases.expired(now))
    if (asked?.has(stored.row.campaignId) !== false && isClaimable(stored.row, now, runs(stored.row.campaignId)))
      found.push(stored)
  return found.sort(byDueAt).slice(0, limit)
}

/** Leasing due rows, and giving leases back. */
export const claimMethods = (
  engine: Engine,
  options: { readonly claimNotes: boolean },
): Pick<StorageDriver, "claimDue" | "renew" | "release" | "nextDueAt"> => ({
  claimDue: (request) =>
    engine.write(false, (work) => {
      const claimed = claimable(engine, request).map((stored): Stored => {
        // A lease that ended without progress is written down, so that the row's version at rest tells its claims apart.
        if (stored.row.owner !== null) engine.records.updateExecution(atRest(stored))
        else engine.lanes.taken(stored)
        const lease = { owner: request.owner, until: request.now + request.leaseMs }
        const leased = { ...claim(stored, lease), slot: stored.slot }
        engine.leases.set(leased.row.id, leased, work.onUndo)
        return leased
      })
      if (options.claimNotes && claimed.length > 0) engine.records.noteClaims(claimed, engine.leases.values())
      return claimed.map(({ row }) => row)
    }),

  renew: (fences, lease) =>
    engine.write(false, (work) =>
      fences.map((fence) => {
        const held = engine.leases.get(fence.id)
        const entry: RowEntry | undefined = held && renewed(held, fence, lease)
        if (held === undefined || entry === undefined) return false
        engine.leases.set(fence.id, { ...entry, slot: held.slot }, work.onUndo)
        return true
      }),
    ),

  release: (fences: ReadonlyArray<Fence>) =>
    engine.write(false, (work) =>
      fences.map((fence) => {
        const held = engine.leases.get(fence.id)
        const entry = held && released(held, fence)
        if (held === undefined || entry === undefined) return false
        engine.replace(work, held, entry)
        return true
      }),
    ),

  nextDueAt: (campaigns) =>
    engine.read(() => {
      const asked = campaigns === undefined ? undefined : new Set(campaigns)
      const runs = (campaignId: string) => engine.campaignState(campaignId) === "running"
      let next: number | null = null
      const consider = (dueAt: number | null) => {
        if (dueAt !== null && (next === null || dueAt < next)) next = dueAt
      }
      for (const campaignId of asked ?? engine.records.campaigns()) {
        consider(engine.lanes.nextDueAt({ campaignId, urgent: true }))
        if (runs(campaignId)) consider(engine.lanes.nextDueAt({ campaignId, urgent: false }))
      }
      for (const { row } of engine.leases.values())
        if (
          asked?.has(row.campaignId) !== false &&
          row.dueAt !== null &&
          isClaimable(row, row.dueAt, runs(row.campaignId))
        )
          consider(row.dueAt)
      return next
    }),
})
