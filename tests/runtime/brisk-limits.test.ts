import { join } from "node:path"
import { sqlite } from "sendstate/storage/sqlite"
import { expect, test } from "vitest"
import { crowd, openCampaign, temporaryFolder } from "./world.ts"

test("where turns come quickly mails stand in line for them: they are not put off again and again", async () => {
  const { spring, events } = await openCampaign(
    { limit: { count: 1_000, per: "1 second" } },
    { transport: { maxConcurrency: 8 } },
  )
  await spring.enroll(crowd(400))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 400 })
  const moves = events.flatMap((event) =>
    event.type === "execution" ? event.events.filter(({ type }) => type === "RESCHEDULE") : [],
  )
  expect(moves).toEqual([])
})

test("a limit on a storage that answers at once takes no slot for good", async () => {
  const { spring, runtime } = await openCampaign(
    { limit: { count: 1_000, per: "1 second" } },
    { storage: sqlite(join(temporaryFolder(), "store.db")), transport: { maxConcurrency: 4 } },
  )
  await spring.enroll(crowd(300))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 300 })
  expect((await runtime.health()).transport?.gate).toMatchObject({ sending: 0, waiting: 0 })
})
