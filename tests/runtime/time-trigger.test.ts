import { StorageError } from "sendstate"
import type { Json, Storage } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { campaign, failureOf, openCampaign } from "./world.ts"

test("a time that is settled only after several tries lets each lead in once, though it might come again", async () => {
  const storage = memoryStorage()
  let writes = 0
  const failing = {
    ...storage,
    open: async (options: Parameters<typeof storage.open>[0]) => {
      const driver = await storage.open(options)
      return {
        ...driver,
        writeDocuments: async (given: Parameters<typeof driver.writeDocuments>[0]) => {
          if (given.some(({ kind }) => kind === "trigger")) writes += 1
          // The first one says since when the trigger is there.
          if (given.some(({ kind }) => kind === "trigger") && writes > 1 && writes < 5)
            throw new StorageError({
              storage: "memory",
              code: "busy",
              retryable: true,
              indeterminate: false,
              message: "The storage is busy.",
            })
          return driver.writeDocuments(given)
        },
      }
    },
  }
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  const { runtime, spring, inbox } = await openCampaign(
    { reentry: "always", triggers: [{ at: `${tomorrow} at 00:00` }] },
    { storage: failing, speed: 200_000 },
  )
  await runtime.leads.put({ email: "ann@example.test" })
  await expect.poll(() => writes, { timeout: 10_000 }).toBeGreaterThanOrEqual(5)
  expect(await spring.idle()).toMatchObject({ planned: 1, sent: 1 })
  expect(inbox.count).toBe(1)
})

/** A store in which an earlier version left this in the definition of the campaign "old". */
const holding = (storage: Storage, changes: Readonly<Record<string, Json>>): Storage => ({
  ...storage,
  open: async (options) => {
    const driver = await storage.open(options)
    return {
      ...driver,
      documents: async (kind, keys) => {
        const found = await driver.documents(kind, keys)
        return found.map((document) =>
          kind === "definition" && document?.value.id === "old"
            ? { ...document, value: { ...document.value, ...changes } }
            : document,
        )
      },
    }
  },
})

const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)

test.each([
  ["never comes", { cron: "0 9 31 2 *" }, /campaign old never fires: "0 9 31 2 \* *" never comes/],
  ["makes the runtime throw", { moment: { minute: 0 } }, /triggers by time of campaign old/],
])(
  "a stored trigger that %s keeps those of other campaigns from nothing, and is a problem that is told once",
  async (_name, at, problem) => {
    const storage = holding(memoryStorage(), { triggers: [{ at }] })
    const { runtime } = await openCampaign({ id: "old", triggers: [{ at: `${tomorrow} at 00:00` }] }, { storage })
    const good = await runtime.campaigns.create(
      campaign({ id: "good", reentry: "always", triggers: [{ at: "0 * * * *" }] }),
      { speed: 500_000 },
    )
    await runtime.leads.put({ email: "ann@example.test" })
    await expect.poll(async () => (await good.stats()).sent, { timeout: 10_000 }).toBeGreaterThanOrEqual(3)
    const problems = (await runtime.health()).problems.filter(({ text }) => text.includes("campaign old"))
    expect(problems).toEqual([expect.objectContaining({ text: expect.stringMatching(problem) })])
  },
)

test("a stored repeat that never comes lets nobody in, and ends the way of who is in after the round that was planned", async () => {
  const storage = memoryStorage()
  const old = { id: "old", repeat: "* * * * *" }
  const first = await openCampaign(old, { storage, speed: 100 })
  await first.spring.pause()
  await first.spring.enroll([{ email: "ann@example.test" }])
  const stored = holding(storage, { repeat: { cron: "0 9 31 2 *", times: null, until: null } })
  const { runtime, inbox } = await first.restart({ storage: stored })
  const campaign = await runtime.campaigns.get("old")
  expect(await failureOf(campaign.enroll([{ email: "bob@example.test" }]))).toMatchObject({
    _tag: "Conflict",
    code: "campaign-over",
  })
  await campaign.resume()
  await campaign.close()
  expect(await campaign.completed()).toMatchObject({ planned: 1, sent: 1, inDoubtTotal: 0 })
  expect(inbox.count).toBe(1)
})
