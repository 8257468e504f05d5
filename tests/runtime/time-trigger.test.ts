import { StorageError } from "sendstate"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { openCampaign } from "./world.ts"

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
