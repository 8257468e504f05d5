import { expect, test } from "vitest"
import { crowd, openCampaign } from "./world.ts"

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
