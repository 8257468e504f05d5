import type { Runtime } from "sendstate"
import { simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const day = 86_400_000

const steps = [
  { template: "hello" },
  { template: "tips", after: "10 days" },
  { template: "news", after: "10 days" },
  { template: "offer", waitUntil: { event: "opened", timeout: "20 days" } },
]

/** On which day the offer leaves when it is told on this one that the lead opened so many days before. */
const offer = async (tellsOn: number, before: number): Promise<number> => {
  const opened = (runtime: Runtime) =>
    runtime.signal({ lead: "ann@x.test", event: "opened", at: runtime.now() - before * day })
  const { sends, startedAt, violations } = await simulate(
    { id: "spring", from: "Ann <ann@acme.test>", steps },
    [{ email: "ann@x.test" }],
    { listSends: 10, actions: [{ at: `${tellsOn} days`, do: opened }] },
  )
  expect(violations).toEqual([])
  expect(sends).toHaveLength(4)
  return Math.floor(((sends.at(-1)?.at ?? 0) - startedAt) / day)
}

test("an event from before the mail before was planned ends no wait, whenever it is told", async () => {
  expect(await offer(1, 0)).toBe(40)
  expect(await offer(25, 24)).toBe(40)
  expect(await offer(25, 16)).toBe(40)
})

test("an event from after that ends the wait at once, whenever it is told", async () => {
  expect(await offer(11, 0)).toBe(20)
  expect(await offer(25, 14)).toBe(25)
  expect(await offer(25, 0)).toBe(25)
})
