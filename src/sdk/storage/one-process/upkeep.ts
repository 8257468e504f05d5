import { buckets, isConserved } from "../../domain/counts.ts"
import type { MaybePromise, StorageDriver, VerifyReport } from "../driver.ts"
import { isEnded } from "../rules.ts"
import type { Engine } from "./engine.ts"
import { addTotals, counterProblems, countsDelta, enrollmentDelta, noTotals, type Totals, toCounts } from "./totals.ts"

const pruneBatch = 1_000

const prune = (engine: Engine, endedBefore: number): MaybePromise<number> => {
  let afterSlot = 0
  const batch = () =>
    engine.write(true, (work) => {
      const rows = engine.records.endedBefore(endedBefore, pruneBatch, afterSlot)
      const pruned = new Map<string, Totals>()
      for (const stored of rows) {
        const { campaignId } = stored.row
        const kept = pruned.get(campaignId) ?? noTotals()
        pruned.set(campaignId, kept)
        countsDelta(work.delta(campaignId), stored.row, null)
        countsDelta(kept, null, stored.row)
        engine.records.removeExecution(stored)
      }
      for (const [campaignId, delta] of pruned) engine.records.addTotals(campaignId, "pruned", delta)
      afterSlot = rows.at(-1)?.slot ?? afterSlot
      return rows.length
    })
  const goOn = (sum: number, done: number): MaybePromise<number> => {
    let total = sum + done
    let last = done
    while (last === pruneBatch) {
      const next = batch()
      if (next instanceof Promise) return next.then((count) => goOn(total, count))
      last = next
      total += next
    }
    return total
  }
  const first = batch()
  return first instanceof Promise ? first.then((count) => goOn(0, count)) : goOn(0, first)
}

const verify = (engine: Engine): VerifyReport => {
  const problems: Array<{ key: string; problem: string }> = []
  const counted = new Map<string, Totals>()
  const stored = new Map<string, Readonly<Totals>>()
  const of = (campaignId: string) => {
    const totals = counted.get(campaignId) ?? noTotals()
    counted.set(campaignId, totals)
    return totals
  }
  let executions = 0
  for (const found of engine.records.audit()) {
    if (found.type === "problem") problems.push({ key: found.key, problem: found.problem })
    else if (found.type === "totals") stored.set(found.campaignId, found.live)
    else if (found.type === "enrollment")
      enrollmentDelta(of(found.enrollment.campaignId), null, found.enrollment.status)
    else {
      const { row } = found.stored
      executions++
      countsDelta(of(row.campaignId), null, row)
      if (isEnded(row) && row.dueAt !== null)
        problems.push({ key: `execution/${row.id}`, problem: "it has ended and is due all the same" })
    }
  }
  for (const campaignId of new Set([...counted.keys(), ...stored.keys()])) {
    const is = stored.get(campaignId) ?? noTotals()
    const should = counted.get(campaignId) ?? noTotals()
    problems.push(...counterProblems(campaignId, is, should))
    const counts = toCounts(addTotals(is, engine.records.totals(campaignId).pruned), engine.leases.leased(campaignId))
    if (!isConserved(counts) || buckets.some((bucket) => counts[bucket] < 0))
      problems.push({ key: `counts/${campaignId}`, problem: "the conservation law does not hold" })
  }
  return { executions, problems }
}

const erase = (engine: Engine, leadId: string, pseudonym: string): MaybePromise<boolean> =>
  thenScrub(
    engine,
    engine.write(true, (work) => {
      const known = engine.records.hasDocument("lead", leadId)
      if (known) engine.records.writeDocument({ kind: "lead", key: leadId, value: null })
      const renamed = engine.records.renameLead(leadId, pseudonym)
      for (const held of [...engine.leases.values()])
        if (held.row.leadId === leadId)
          engine.leases.set(held.row.id, { ...held, row: { ...held.row, leadId: pseudonym } }, work.onUndo)
      return known || renamed
    }),
  )

const thenScrub = <A>(engine: Engine, answer: MaybePromise<A>): MaybePromise<A> => {
  const scrub = (value: A): A => {
    engine.records.scrub()
    return value
  }
  return answer instanceof Promise ? answer.then(scrub) : scrub(answer)
}

/** Checking, erasing, forgetting. */
export const upkeepMethods = (engine: Engine): Pick<StorageDriver, "verify" | "erase" | "prune"> => ({
  verify: () => engine.read(() => verify(engine)),
  erase: (leadId, pseudonym) => erase(engine, leadId, pseudonym),
  prune: (endedBefore) => thenScrub(engine, prune(engine, endedBefore)),
})
