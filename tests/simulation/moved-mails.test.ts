import type { Runtime } from "sendstate"
import { simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

test("a mail that is moved by hand out of its hours says for what it waits then", async () => {
  const said: string[] = []
  const moveTo = (time: string) => async (runtime: Runtime) => {
    const mails = runtime.executions.select({ campaignId: "spring", states: ["scheduled"] })
    await mails.reschedule(Date.parse(time))
    const [row] = (await mails.preview({ limit: 1 })).rows
    said.push((await runtime.explain(row?.id ?? "")).summary)
  }
  const { violations } = await simulate(
    {
      id: "spring",
      from: "Ann <ann@acme.test>",
      steps: [{ template: "hello" }, { template: "tips", after: "1 day" }],
      calendar: { windows: "09:00-10:00" },
    },
    [{ email: "ann@x.test" }],
    {
      actions: [
        { at: "2 hours", do: moveTo("2026-01-08T20:00:00Z") },
        { at: "3 hours", do: moveTo("2026-01-08T09:30:00Z") },
      ],
    },
  )
  expect(violations).toEqual([])
  expect(said).toEqual([
    "scheduled for 2026-01-08T20:00:00.000Z, waiting: window opens 2026-01-09 09:00 UTC",
    "scheduled for 2026-01-08T09:30:00.000Z",
  ])
})
