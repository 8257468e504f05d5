import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Storage } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sqlite } from "sendstate/storage/sqlite"
import { faultyStorage, storageError } from "sendstate/testing"
import { describe, expect, test } from "vitest"
import {
  accepted,
  busy,
  crowd,
  door,
  failureOf,
  gone,
  lost,
  openCampaign,
  openWorld,
  people,
  reaches,
  temporaryFolder,
  transportOf,
} from "./world.ts"

const twoSteps = { steps: [{ template: "hello" }, { template: "nudge", after: "1 hour" }] }

/** Everything that the files of the folder hold. */
const bytesOf = (folder: string): string =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n")

describe("forgetting a person", () => {
  test("cancels what waits, erases data and id, and leaves the counts and the other leads alone", async () => {
    const { spring, runtime, until, executions, inbox } = await openCampaign(twoSteps)
    await spring.enroll([{ email: "ann@example.test", name: "Ann", data: { city: "Lyon" } }, ...people("bob")])
    await until((event) => event.type === "execution" && event.step === 1)
    expect(await runtime.forgetLead("ann@example.test")).toEqual({
      forgotten: 1,
      cancelled: 1,
      settings: 0,
      suppressed: true,
    })
    expect(await runtime.leads.get("ann@example.test")).toBeUndefined()
    expect(await runtime.leads.get("bob@example.test")).toMatchObject({ email: "bob@example.test" })
    const rows = await executions()
    const pseudonyms = new Set(rows.map(({ leadId }) => leadId).filter((id) => id !== "bob@example.test"))
    expect(pseudonyms.size).toBe(1)
    expect([...pseudonyms][0]).toMatch(/^forgotten:[a-z0-9]+$/)
    expect(JSON.stringify(rows)).not.toContain("ann@")
    expect(await spring.stats()).toMatchObject({ planned: 4, cancelled: 1, enrollments: { ended: 1, active: 1 } })
    await spring.close()
    expect(inbox.sent.filter(({ message }) => message.to.address.startsWith("ann@"))).toHaveLength(1)
  })

  test("is done for all leads of the address, in whatever case; by id for that one only", async () => {
    const { spring, runtime } = await openCampaign()
    await spring.enroll([
      { id: "1", email: "Ann@example.test" },
      { id: "2", email: "ann@example.test" },
      { id: "3", email: "bob@example.test" },
      { id: "4", email: "bob@example.test" },
    ])
    await spring.close()
    await spring.completed()
    expect(await runtime.forgetLead("ANN@EXAMPLE.TEST")).toMatchObject({ forgotten: 2 })
    expect(await runtime.forgetLead("3")).toMatchObject({ forgotten: 1 })
    const left = await Promise.all(["1", "2", "3", "4"].map((id) => runtime.leads.get(id)))
    expect(left.map((lead) => lead?.id)).toEqual([undefined, undefined, undefined, "4"])
  })

  test("a second time, or of somebody unknown, does nothing", async () => {
    const { spring, runtime } = await openCampaign()
    await spring.enroll(people("ann"))
    await spring.close()
    await spring.completed()
    const nothing = { forgotten: 0, cancelled: 0, settings: 0, suppressed: false }
    expect(await runtime.forgetLead("ann@example.test")).toMatchObject({ forgotten: 1 })
    expect(await runtime.forgetLead("ann@example.test")).toEqual(nothing)
    expect(await runtime.forgetLead("nobody@example.test")).toEqual(nothing)
    expect(await runtime.forgetLead("42")).toEqual(nothing)
    expect(await failureOf(runtime.forgetLead("42", { deadlineMs: -1 }))).toMatchObject({ _tag: "InvalidInput" })
  })

  test("keeps the person from being mailed again, unless it is asked not to", async () => {
    const { runtime, spring } = await openCampaign()
    await spring.enroll(people("ann", "bob"))
    await spring.close()
    await spring.completed()
    await runtime.forgetLead("ann@example.test")
    await runtime.forgetLead("bob@example.test", { suppress: false })
    const again = await runtime.campaigns.create({ id: "again", from: "a@acme.test", steps: [{ template: "hello" }] })
    await again.enroll(people("ann", "bob"))
    await again.close()
    expect(await again.completed()).toMatchObject({ suppressed: 1, sent: 1 })
  })

  test("a forgotten lead is not enrolled a second time in the same campaign", async () => {
    const { runtime, spring } = await openCampaign()
    await spring.enroll(people("ann"))
    await runtime.forgetLead("ann@example.test", { suppress: false })
    expect(await spring.enroll(people("ann"))).toMatchObject({ enrolled: 0, duplicates: 1 })
    expect(await runtime.leads.get("ann@example.test")).toBeUndefined()
  })

  test("a failed mail of a forgotten lead that is run again is not sent: nobody knows to whom", async () => {
    const { runtime, spring, executions, inbox, until } = await openCampaign({}, { transport: { outcome: () => gone } })
    await spring.enroll(people("ann"))
    await until(reaches("done"))
    await runtime.forgetLead("ann@example.test", { suppress: false })
    const [row] = await executions()
    expect(await runtime.executions.retry(row?.id ?? "")).toBe("applied")
    await spring.close()
    expect(await spring.completed()).toMatchObject({ suppressed: 1, failed: 0 })
    expect(inbox.count).toBe(0)
  })

  test("a mail in doubt is ended as possibly delivered", async () => {
    const { runtime, spring, until } = await openCampaign({}, { transport: { outcome: () => lost } })
    await spring.enroll(people("ann"))
    await until(reaches("sending.inDoubt"))
    expect(await runtime.forgetLead("ann@example.test")).toMatchObject({ forgotten: 1, cancelled: 1 })
    expect(await spring.stats()).toMatchObject({ cancelled: 1, inDoubt: 0, inDoubtTotal: 1 })
  })

  test("waits for a mail that is being sent, and the mail stays counted", async () => {
    const calling = door()
    const answer = door()
    const transport = transportOf(async (_message, { handoff }) => {
      handoff()
      calling.open()
      await answer.opened
      return accepted
    })
    const { runtime, spring } = await openCampaign(twoSteps, { transport })
    await spring.enroll(people("ann"))
    await calling.opened
    const forgetting = runtime.forgetLead("ann@example.test")
    expect(await runtime.leads.get("ann@example.test")).toBeDefined()
    answer.open()
    expect(await forgetting).toMatchObject({ forgotten: 1 })
    expect(await spring.stats()).toMatchObject({ sent: 1, sending: 0 })
  })

  test("is refused while a send does not end: nothing is erased, nothing more is sent", async () => {
    const calling = door()
    const answer = door()
    const transport = transportOf(async (_message, { handoff }) => {
      handoff()
      calling.open()
      await answer.opened
      return accepted
    })
    const { runtime, spring } = await openCampaign(twoSteps, { transport })
    await spring.enroll(people("ann"))
    await calling.opened
    const refused = await failureOf(runtime.forgetLead("ann@example.test", { deadlineMs: 0 }))
    expect(refused).toMatchObject({ _tag: "Conflict", code: "lead-in-flight", retryable: true })
    expect(JSON.stringify(refused)).not.toContain("ann@")
    expect(await runtime.leads.get("ann@example.test")).toBeDefined()
    answer.open()
    expect(await runtime.forgetLead("ann@example.test")).toMatchObject({ forgotten: 1 })
  }, 20_000)

  test("suppresses the address that the host's own directory has for the lead", async () => {
    const directory = new Map([["7", "ann@example.test"]])
    const { runtime } = await openWorld({
      leadOf: async (id) => {
        const email = directory.get(id)
        return email === undefined ? undefined : { email }
      },
    })
    expect(await runtime.forgetLead("7")).toMatchObject({ suppressed: true })
    expect(await runtime.unsuppress("ann@example.test")).toBe(true)
    expect(await runtime.forgetLead("8")).toMatchObject({ suppressed: false })
  })

  test("takes along what integrations keep under the lead's id", async () => {
    const { runtime } = await openWorld()
    await runtime.settings.put([
      { key: "crm/1", value: { leadId: "42", note: "likes cats" } },
      { key: "crm/2", value: { leadId: "43", note: "likes dogs" } },
      { key: "crm/3", value: { note: "42" } },
    ])
    expect(await runtime.forgetLead("42")).toMatchObject({ settings: 1 })
    expect((await runtime.settings.list("crm/")).map(({ key }) => key)).toEqual(["crm/2", "crm/3"])
  })

  test.each(["writeDocuments", "signal", "erase"] as const)(
    "goes on where a storage that failed at %s ended it, with nothing sent meanwhile",
    async (method) => {
      for (const when of ["before", "after"] as const) {
        const storage = faultyStorage()
        const { runtime, spring, inbox } = await openCampaign(
          { steps: [{ template: "hello", after: "1 hour" }] },
          { storage },
        )
        await spring.enroll(people("ann"))
        storage.fault = (called) => {
          if (called !== method) return undefined
          const fault = storageError("unavailable", true)
          return when === "before" ? { before: fault } : { after: fault }
        }
        expect(await failureOf(runtime.forgetLead("ann@example.test"))).toMatchObject({ _tag: "StorageError" })
        storage.fault = () => undefined
        await runtime.forgetLead("ann@example.test")
        expect(await runtime.leads.get("ann@example.test")).toBeUndefined()
        expect(await runtime.unsuppress("ann@example.test")).toBe(true)
        expect(await spring.stats()).toMatchObject({ planned: 1, cancelled: 1 })
        expect(inbox.count).toBe(0)
      }
    },
  )
})

describe.each([
  ["sqlite", (folder: string): Storage => sqlite(join(folder, "store.db"))],
  ["lowdb", (folder: string): Storage => lowdb(join(folder, "store.json"))],
])("the files of %s", (_name, storageIn) => {
  test("hold nothing of whom was forgotten, after rows were written and moved many times", async () => {
    const folder = temporaryFolder()
    const { spring, runtime } = await openCampaign(
      { ...twoSteps, retry: { base: "1 second", attempts: 3, jitter: 0 } },
      {
        storage: storageIn(folder),
        speed: 3_600,
        transport: { outcome: (_message, { attempt }) => (attempt === 1 ? busy : accepted) },
      },
    )
    const leads = crowd(60).map(({ email }, index) => ({
      email,
      name: `Person ${index} Unmistakable`,
      data: { story: `${index} `.repeat(index % 7 === 0 ? 2_000 : 5), city: `town${index}ville` },
    }))
    await spring.enroll(leads)
    await spring.close()
    await spring.completed()
    for (const lead of leads.slice(0, 20)) await runtime.leads.put({ ...lead, name: `${lead.name} again` })
    expect(bytesOf(folder)).toContain("lead7@example.test")
    const asked = leads.filter((_, index) => index % 2 === 1)
    for (const { email } of asked) expect(await runtime.forgetLead(email)).toMatchObject({ forgotten: 1 })
    const look = (): ReadonlyArray<string> => {
      const bytes = bytesOf(folder)
      return asked.flatMap(({ email, name, data }) =>
        [`"${email}`, `/${email}`, email, name, data.city].filter((text) => bytes.includes(text)),
      )
    }
    // Beside the running process, and when it has closed the store.
    expect(look()).toEqual([])
    expect(await spring.stats()).toMatchObject({ planned: 120, sent: 120, enrollments: { finished: 60 } })
    await runtime.close()
    expect(look()).toEqual([])
    expect(bytesOf(folder)).toContain("lead8@example.test")
  }, 60_000)
})

describe("pruning", () => {
  test("removes what ended before an instant; counts stay and nobody is mailed twice", async () => {
    const { spring, runtime, executions } = await openCampaign()
    await spring.enroll(people("ann", "bob"))
    await spring.close()
    const before = await spring.completed()
    const [first] = await executions()
    const ended = Math.max(...(await executions()).map(({ updatedAt }) => updatedAt))
    expect(await runtime.prune({ endedBefore: first?.createdAt ?? 0 })).toEqual({ executions: 0 })
    // Within the same millisecond nothing has ended before it.
    while (runtime.now() <= ended) await new Promise((resolve) => setImmediate(resolve))
    expect(await runtime.prune({ endedBefore: ended + 1 })).toEqual({ executions: 2 })
    expect(await runtime.prune({ endedBefore: ended + 1 })).toEqual({ executions: 0 })
    expect(await executions()).toEqual([])
    expect(await spring.stats()).toEqual(before)
    expect(await spring.enroll(people("ann"))).toMatchObject({ enrolled: 0, duplicates: 1 })
  })

  test("of the future is refused", async () => {
    const { runtime } = await openWorld()
    for (const endedBefore of [runtime.now() + 60_000, -1, Number.NaN])
      expect(await failureOf(runtime.prune({ endedBefore }))).toMatchObject({ _tag: "InvalidInput" })
  })
})
