import { expect, test } from "vitest"
import { campaign, failureOf, openCampaign, people } from "./world.ts"

const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
/** So many days from now, in UTC. */
const dayIn = (days: number): string => names[new Date(Date.now() + days * 86_400_000).getUTCDay()] ?? ""

test("what waits for an open window says so, in its state, its history and its explanation, also after a restart", async () => {
  const definition = { timeZone: "UTC", calendar: { windows: "09:00-17:00", weekdays: dayIn(3) } }
  const { spring, executionOf, restart } = await openCampaign(definition)
  await spring.enroll(people("ann"))
  expect(await spring.idle()).toMatchObject({ planned: 1, scheduled: 1 })
  const planned = await executionOf("ann")
  const opensOn = new Date(planned.scheduledFor).toISOString()
  expect(opensOn.slice(11)).toBe("09:00:00.000Z")
  const reason = { code: "window", text: `window opens ${opensOn.slice(0, 10)} 09:00 UTC` }
  expect(planned.context.reason).toEqual(reason)

  const { runtime } = await restart()
  const { summary, history } = await runtime.explain(planned.id)
  expect(summary).toBe(`scheduled for ${opensOn}, waiting: ${reason.text}`)
  expect(history[0]?.text).toContain(reason.text)
})

test("what is moved by hand to when the window is closed waits too, and uses up no attempt", async () => {
  const definition = { timeZone: "UTC", calendar: { weekdays: dayIn(3) } }
  const { spring, executionOf, runtime, until } = await openCampaign(definition)
  await spring.enroll(people("ann"))
  const { id } = await executionOf("ann")
  await runtime.executions.reschedule(id, 0)
  await until(
    (event) =>
      event.type === "execution" &&
      event.events.some(({ type, at }) => type === "RESCHEDULE" && at > 0 && event.context.reason?.code === "window"),
  )
  const moved = await executionOf("ann")
  expect(moved).toMatchObject({ state: "scheduled", context: { attempt: 0, used: 0, reason: { code: "window" } } })
  expect(names[new Date(moved.scheduledFor).getUTCDay()]).toBe(dayIn(3))
})

test("a campaign whose last round has begun takes no more leads, and says why", async () => {
  const { spring, runtime } = await openCampaign({ repeat: { cron: "0 9 * * *", until: "2020-01-01" } })
  expect(await failureOf(spring.enroll(people("ann")))).toMatchObject({ _tag: "Conflict", code: "campaign-over" })
  const changed = { ...campaign({ repeat: "0 9 * * *" }) }
  await runtime.campaigns.create(changed, { update: true })
  expect(await spring.enroll(people("ann"))).toMatchObject({ enrolled: 1 })
})
