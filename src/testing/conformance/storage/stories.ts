import fc from "fast-check"
import type { CommitResult, ExecutionRow, Fence, StorageDriver } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import { type Model, type ModelRow, viewOf } from "./model.ts"
import { cancelSignal, commitOf, failedOf, inDoubtOf, intentOf, itemOf, read, sentOf, setCampaign } from "./rows.ts"
import type { StoreSubject } from "./subject.ts"

/** The store under test, and reads of its rows, some of which are out of date. */
export interface Real {
  readonly store: StoreSubject
  driver: StorageDriver
  readonly seen: Array<{ readonly row: ExecutionRow; readonly writes: number }>
  /** How often each answer was given, to see that they all occur. */
  readonly answers: Map<string, number>
}

type Command = fc.AsyncCommand<Model, Real>

const leads = ["ann", "bob", "cyd", "dan", "eve"]
const leaseMs = 50

const tally = (real: Real, answer: string): void => void real.answers.set(answer, (real.answers.get(answer) ?? 0) + 1)

/** Everything that the model knows, compared with the store. */
const compare = async (model: Model, real: Real): Promise<void> => {
  const rows = await real.driver.list({ limit: 100 })
  const expected = [...model.rows.values()].sort((left, right) => (left.id < right.id ? -1 : 1))
  expect(rows.map(viewOf)).toEqual(expected.map((row) => model.view(row)))
  expect(await real.driver.counts("spring")).toMatchObject(model.counts())
  expect(await real.driver.nextDueAt()).toBe(model.nextDueAt())
  const entries = (await real.driver.changes(0, 1_000)).entries.length
  expect(entries).toBe(expected.reduce((sum, row) => sum + row.entries, 0))
}

const command = (name: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  toString: () => name,
  run: async (model, real) => {
    await run(model, real)
    await compare(model, real)
  },
})

/** One of the latest six. */
const pick = <A>(list: ReadonlyArray<A>, index: number): A | undefined =>
  list.length === 0 ? undefined : list[list.length - 1 - (index % Math.min(list.length, 6))]

const enroll = (lead: string, delay: number) =>
  command(`enroll(${lead}, ${delay})`, async (model, real) => {
    const id = `spring-${lead}-0`
    const known = model.rows.has(id)
    const answer = await real.driver.enroll([itemOf(lead, { dueAt: model.now + delay })])
    expect(answer).toEqual([known ? "duplicate" : "created"])
    if (!known) model.enroll(id, lead, model.now + delay)
  })

const claimSome = (limit: number) =>
  command(`claim(${limit})`, async (model, real) => {
    const due = model.claimable()
    const rows = await real.driver.claimDue({ owner: "me", limit, leaseMs, now: model.now })
    expect(rows).toHaveLength(Math.min(limit, due.length))
    const dues = due.map((row) => model.dueAt(row) ?? 0).sort((left, right) => left - right)
    const claimed = rows.map(({ id }) => due.find((row) => row.id === id))
    expect(claimed.map((row) => row && model.dueAt(row))).toEqual(dues.slice(0, rows.length))
    for (const [index, row] of rows.entries()) {
      const known = claimed[index]
      if (known === undefined) throw new Error(`${row.id} was claimed and was not due`)
      for (const fence of model.fences.filter((old) => old.id === row.id))
        expect(row.token).toBeGreaterThan(fence.token)
      model.claim(known, model.now + leaseMs)
      model.hold(known, { id: row.id, token: row.token, version: row.version })
    }
  })

type Kind = "intent" | "sent" | "failed" | "retry" | "inDoubt"

const commitFor = (kind: Kind, row: ExecutionRow, now: number) => {
  if (kind === "intent") return intentOf(row, { leaseUntil: now + leaseMs })
  if (kind === "sent") return sentOf(row)
  if (kind === "failed") return failedOf(row)
  if (kind === "inDoubt") return inDoubtOf(row, { dueAt: now + 20 })
  const events = [{ type: "NOT_CALLED", at: now, code: "later" }] as const
  return commitOf(row, { state: "retrying", intent: null, dueAt: now + 10, events })
}

const expectedOf = (model: Model, row: ModelRow, fence: Fence, kind: Kind): CommitResult["type"] => {
  if (row.holder !== fence) return "leaseLost"
  const receipt = kind === "sent" || kind === "inDoubt"
  if (!receipt && row.flags.length > 0) return "flagged"
  if (kind === "intent" && (model.campaign !== "running" || model.suppressed.has(row.lead))) return "refused"
  return "ok"
}

const commit = (kind: Kind, index: number) =>
  command(`commit ${kind}(${index})`, async (model, real) => {
    const fence = pick(model.fences, index)
    const row = fence && model.rows.get(fence.id)
    if (fence === undefined || row === undefined) return
    const asked = { ...commitFor(kind, await read(real.driver, row.id), model.now), ...fence }
    const [result] = await real.driver.commit([asked], model.now)
    tally(real, `commit ${result?.type}`)
    expect(result?.type).toBe(expectedOf(model, row, fence, kind))
    if (result?.type !== "ok") return
    const bucket = (
      { intent: "sending", sent: "sent", failed: "failed", retry: "retrying", inDoubt: "inDoubt" } as const
    )[kind]
    const lease = kind === "intent" ? model.now + leaseMs : null
    model.write(row, { state: asked.state, bucket, dueAt: asked.dueAt, lease, applied: 0 })
    if (lease !== null) model.hold(row, { ...fence, version: result.version })
  })

const release = (index: number) =>
  command(`release(${index})`, async (model, real) => {
    const fence = pick(model.fences, index)
    const row = fence && model.rows.get(fence.id)
    if (fence === undefined || row === undefined) return
    const [done] = await real.driver.release([fence], model.now)
    tally(real, `release ${done}`)
    expect(done).toBe(row.holder === fence)
    if (done) model.release(row)
  })

const renew = (index: number) =>
  command(`renew(${index})`, async (model, real) => {
    const fence = pick(model.fences, index)
    const row = fence && model.rows.get(fence.id)
    if (fence === undefined || row === undefined) return
    const until = model.now + 2 * leaseMs
    const [done] = await real.driver.renew([fence], { until, now: model.now })
    tally(real, `renew ${done}`)
    // The token decides: the holder's own commits raise the version.
    expect(done).toBe(row.holder?.token === fence.token && model.isHeld(row))
    if (done) row.leaseUntil = until
  })

const look = (lead: string) =>
  command(`look(${lead})`, async (model, real) => {
    const row = model.rows.get(`spring-${lead}-0`)
    if (row !== undefined) real.seen.push({ row: await read(real.driver, row.id), writes: row.writes })
  })

const cancel = (index: number) =>
  command(`cancel(${index})`, async (model, real) => {
    const seen = pick(real.seen, index)
    const row = seen && model.rows.get(seen.row.id)
    if (seen === undefined || row === undefined) return
    const [result] = await real.driver.signal([cancelSignal(seen.row, model.now)])
    tally(real, `signal ${result?.type}`)
    if (model.isHeld(row) || row.flags.length > 0) {
      expect(result).toEqual({ type: "flagged" })
      model.flag(row, "CANCEL")
    } else if (row.writes !== seen.writes) expect(result).toEqual({ type: "stale" })
    else {
      expect(result).toEqual({ type: "applied" })
      model.write(row, { state: "cancelled", bucket: "cancelled", dueAt: null, lease: null, applied: 0 })
    }
  })

const setState = (state: string) =>
  command(`campaign(${state})`, async (model, real) => {
    await setCampaign(real.driver, state)
    model.campaign = state
  })

const suppress = (lead: string) =>
  command(`suppress(${lead})`, async (model, real) => {
    await real.driver.writeDocuments([{ kind: "suppression", key: `lead:${lead}`, value: {} }])
    model.suppressed.add(lead)
  })

const pass = (ms: number) =>
  command(`pass(${ms})`, async (model) => {
    model.now += ms
  })

const reopen = command("close and open", async (model, real) => {
  await real.driver.close()
  real.driver = await real.store.open()
  model.reopen(true)
  real.seen.length = 0
})

const crash = command("crash", async (model, real) => {
  if (real.store.crash === undefined) return
  await real.store.crash(real.driver)
  real.driver = await real.store.open()
  model.reopen(false)
  real.seen.length = 0
})

const lead = fc.constantFrom(...leads)
const index = fc.nat(200)

const kinds = fc.constantFrom<Kind>("intent", "sent", "failed", "retry", "inDoubt")
const commits = fc.tuple(kinds, index).map(([kind, at]) => commit(kind, at))
const intents = index.map((at) => commit("intent", at))
const claims = fc.integer({ min: 1, max: 4 }).map(claimSome)
const looks = lead.map(look)
const cancels = index.map(cancel)
const times = fc.nat(60).map(pass)

/** Random stories of one campaign with five leads. What is listed twice happens twice as often. */
export const stories: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    fc.tuple(lead, fc.nat(40)).map(([name, delay]) => enroll(name, delay)),
    ...[claims, claims, claims, claims],
    ...[intents, intents, intents, intents, commits, commits, commits, commits],
    ...[looks, looks, looks, cancels, cancels],
    ...[times, times],
    index.map(release),
    index.map(renew),
    fc.constantFrom("running", "running", "running", "paused", "cancelled").map(setState),
    fc.constantFrom("dan", "eve").map(suppress),
    fc.constant(reopen),
    fc.constant(crash),
  ],
  { maxCommands: 80, size: "max" },
)

/** How each story begins: three leads are enrolled and due. */
export const beginning = ["ann", "bob", "dan"].map((name) => enroll(name, 0))
