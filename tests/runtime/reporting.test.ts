import type { CampaignInput } from "sendstate/sdk"
import { expect, test } from "vitest"
import { crowd, openCampaign } from "./world.ts"

test("the report compares variants, and those who got mail with those who did not", async () => {
  const steps: CampaignInput["steps"] = [
    { variants: { short: "hello", long: "nudge" } },
    { template: "last", after: "1 day" },
  ]
  const { spring, runtime, inbox } = await openCampaign({ steps, holdout: 0.5, goal: "bought" })
  await spring.enroll(crowd(40))
  await spring.idle()
  for (const { message } of inbox.sent)
    await runtime.signal({
      lead: message.to.address,
      event: message.subject.startsWith("Hello") ? "clicked" : "bought",
    })
  const all = inbox.sent.length
  const short = inbox.sent.filter(({ message }) => message.subject.startsWith("Hello")).length
  expect(await spring.report()).toEqual({
    variants: [
      {
        step: 0,
        name: "short",
        template: "hello",
        planned: short,
        sent: short,
        notSent: 0,
        events: { clicked: short },
      },
      {
        step: 0,
        name: "long",
        template: "nudge",
        planned: all - short,
        sent: all - short,
        notSent: 0,
        events: { bought: all - short },
      },
    ],
    mailed: { leads: all, events: { clicked: short, bought: all - short } },
    heldOut: { leads: 40 - all, events: {} },
    goal: "bought",
  })
})

test("who comes again is one lead in the report; its mails are counted, and what it did after each", async () => {
  const steps: CampaignInput["steps"] = [{ variants: { short: "hello", long: "nudge" } }]
  const { spring, runtime } = await openCampaign({ steps, reentry: "always" })
  const click = async (day: string) => {
    for (const { email } of crowd(8)) await runtime.signal({ lead: email, event: "clicked", id: `${email} ${day}` })
  }
  await spring.enroll(crowd(8))
  await spring.idle()
  await click("first")
  expect(await spring.enroll(crowd(8))).toMatchObject({ enrolled: 8 })
  await spring.idle()
  await click("second")
  const { mailed, variants } = await spring.report()
  expect(mailed).toEqual({ leads: 8, events: { clicked: 8 } })
  expect(variants.reduce((all, { sent }) => all + sent, 0)).toBe(16)
  for (const { sent, events } of variants) expect(events.clicked).toBe(sent)
})
