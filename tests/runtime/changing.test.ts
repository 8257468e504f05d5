import { handlebars } from "sendstate/renderer/handlebars"
import type { CampaignInput, Issue } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { accepted, campaign, failureOf, hurry, lost, openCampaign, openWorld, people } from "./world.ts"

const wording = (html: string) =>
  handlebars({
    templates: { hello: { subject: "Hello", html: `<p>${html}</p>` }, nudge: { subject: "Nudge", html: "<p>n</p>" } },
  })

const bodies = (world: Awaited<ReturnType<typeof openWorld>>) =>
  world.inbox.sent.map(({ message }) => message.text.trim())

test("creating the same campaign again goes on with it", async () => {
  const { spring, runtime } = await openCampaign()
  await spring.enroll(people("ann"))
  await spring.settled()
  const same = await runtime.campaigns.create(campaign())
  expect(await same.enroll(people("ann"))).toMatchObject({ enrolled: 0, duplicates: 1 })
})

test("a changed definition is refused with the differences, and nothing changes", async () => {
  const { runtime, spring } = await openCampaign()
  const failure = await failureOf(
    runtime.campaigns.create(
      campaign({ from: "Bob <bob@acme.test>", steps: [{ template: "hello", after: "1 hour" }, { template: "nudge" }] }),
    ),
  )
  expect(failure).toMatchObject({ _tag: "Conflict", code: "campaign-differs", retryable: false })
  const { differences } = failure as unknown as { differences: ReadonlyArray<{ path: string; message: string }> }
  expect(differences.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["from.name", "from.address", "steps.0.afterMs", "steps.1"]),
  )
  await spring.enroll(people("ann"))
  expect(await spring.settled()).toMatchObject({ planned: 1, sent: 1 })
})

test("a changed template is refused by its name, until `update` is asked for", async () => {
  const storage = memoryStorage()
  const world = await openWorld({ storage, renderer: wording("old") })
  const definition = campaign({ steps: [{ template: "hello", after: "1 hour" }] })
  const old = await world.runtime.campaigns.create(definition, { speed: 36_000 })
  await old.pause()
  await old.enroll(people("ann"))
  const again = await world.restart({ renderer: wording("new") })
  const failure = await failureOf(again.runtime.campaigns.create(definition))
  expect(failure).toMatchObject({
    code: "campaign-differs",
    differences: [{ path: "steps.0.template", message: expect.stringContaining("hello") }],
  })
  const spring = await again.runtime.campaigns.create(definition, { update: true })
  await spring.enroll(people("bob"))
  await spring.resume()
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 2 })
  // What was planned keeps what it was planned with.
  const text = Object.fromEntries(again.inbox.sent.map(({ message }) => [message.to.address, message.text.trim()]))
  expect(text).toEqual({ "ann@example.test": "old", "bob@example.test": "new" })
})

test("an update is for leads that come from then on: those that are under way stay on what they entered", async () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "1 hour" }]
  const { runtime, spring, inbox, executionOf } = await openCampaign({ steps })
  await spring.enroll(people("ann"))
  await spring.idle()
  const changed = [{ template: "hello" }, { template: "last", after: "1 hour" }]
  await runtime.campaigns.create(campaign({ steps: changed }), { update: true })
  await spring.enroll(people("bob"))
  await spring.idle()
  expect((await executionOf("ann")).definition).not.toBe((await executionOf("bob")).definition)
  await hurry(runtime)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 4, sent: 4 })
  expect(inbox.sent.map(({ message }) => message.subject).sort()).toEqual(
    ["Hello ann@example.test", "Hello bob@example.test", "Last bob@example.test", "Nudge ann@example.test"].sort(),
  )
})

test("an update of what is running is for everything that is not sent yet, also after a restart", async () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "1 hour" }]
  const world = await openCampaign({ steps })
  await world.spring.enroll(people("ann"))
  await world.spring.idle()
  const changed = campaign({
    steps: [{ template: "hello" }, { template: "last", after: "1 hour" }, { template: "dated" }],
  })
  await world.runtime.campaigns.create(changed, { update: true })
  await world.runtime.campaigns.create(changed, { update: "running" })
  const { runtime, inbox } = await world.restart()
  const spring = await runtime.campaigns.get("spring")
  await hurry(runtime)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 3, sent: 3 })
  expect(inbox.sent.map(({ message }) => message.subject.split(" ")[0])).toEqual(["Hello", "Last", "Dated"])
})

const moves: ReadonlyArray<[string, CampaignInput["steps"], CampaignInput["steps"], ReadonlyArray<string>]> = [
  [
    "puts one before the others",
    [{ template: "hello" }, { template: "nudge", after: "1 hour" }],
    [{ template: "last" }, { template: "hello" }, { template: "nudge", after: "1 hour" }],
    ['"hello" was mail 1, is mail 2', '"nudge" was mail 2, is mail 3'],
  ],
  [
    "takes one away before others",
    [{ template: "hello" }, { template: "nudge", after: "1 hour" }],
    [{ template: "nudge" }],
    ['"nudge" was mail 2, is mail 1'],
  ],
  [
    "moves one by its name, whatever it is made of now",
    [
      { name: "a", template: "hello" },
      { name: "b", template: "nudge", after: "1 hour" },
    ],
    [
      { name: "b", template: "last" },
      { name: "c", template: "nudge" },
    ],
    ['"b" was mail 2, is mail 1'],
  ],
  [
    "moves a side of a fork",
    [{ if: { lead: "plan", equals: "pro" }, do: [{ template: "hello" }], else: [{ template: "nudge" }] }],
    [
      {
        if: { lead: "plan", equals: "pro" },
        do: [{ template: "hello" }, { template: "last" }],
        else: [{ variants: { a: "nudge", b: "dated" } }],
      },
    ],
    ['"nudge" was mail 2, is mail 3'],
  ],
]

test.each(moves)(
  "an update of what is running that %s is refused, and says what moved",
  async (_what, before, after, moved) => {
    const { spring, runtime } = await openCampaign({ steps: before })
    await spring.pause()
    await spring.enroll(people("ann"))
    const failure = await failureOf(runtime.campaigns.create(campaign({ steps: after }), { update: "running" }))
    expect(failure).toMatchObject({ _tag: "Conflict", code: "steps-moved", retryable: false })
    expect(
      (failure as unknown as { differences: ReadonlyArray<Issue> }).differences.map(({ message }) => message),
    ).toEqual(moved)
    expect((failure as unknown as Error).message).toContain("--update instead of --update-running")
    // For leads that come from then on it is one like any other.
    await runtime.campaigns.create(campaign({ steps: after }), { update: true })
    // Ann is still where she was.
    expect(await failureOf(runtime.campaigns.create(campaign({ steps: after }), { update: "running" }))).toMatchObject({
      code: "steps-moved",
    })
  },
)

test("an update of what is running replaces steps in their place; who waits at one that is gone gets it, and no more", async () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "1 hour" }, { template: "last", after: "1 hour" }]
  const { spring, runtime, inbox } = await openCampaign({ steps })
  await spring.enroll(people("ann"))
  await spring.idle()
  const running = { update: "running" } as const
  await runtime.campaigns.create(campaign({ steps: [{ template: "last" }, ...steps.slice(1)] }), running)
  await runtime.campaigns.create(campaign({ steps: [{ template: "hello" }] }), running)
  await hurry(runtime)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 2 })
  expect(inbox.sent.map(({ message }) => message.subject.split(" ")[0])).toEqual(["Hello", "Nudge"])
})

test("a resend has the bytes of the mail that may have arrived, whatever was edited since", async () => {
  let calls = 0
  const outcome = () => (++calls === 1 ? lost : accepted)
  const { runtime, spring, inbox, executionOf, until } = await openCampaign({}, { transport: { outcome } })
  await spring.enroll(people("ann"))
  await until((event) => event.type === "execution" && event.state === "sending.inDoubt")
  await runtime.campaigns.create(campaign({ steps: [{ template: "nudge" }] }), { update: "running" })
  const { id } = await executionOf("ann")
  expect(await runtime.executions.resolve(id, "notSent")).toBe("applied")
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, resent: 1 })
  expect(inbox.sent.map(({ message }) => message.subject)).toEqual(["Hello ann@example.test", "Hello ann@example.test"])
})

test("speed is kept over a restart, and later creations do not change it", async () => {
  const world = await openCampaign({ steps: [{ template: "hello", after: "1 hour" }] }, { speed: 36_000 })
  const again = await world.restart()
  const spring = await again.runtime.campaigns.create(campaign({ steps: [{ template: "hello", after: "1 hour" }] }), {
    speed: 1,
  })
  expect(spring.status().speed).toBe(36_000)
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1 })
  expect(bodies(again)).toEqual(["Hello ann@example.test"])
})

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("a speed of %s is refused", async (speed) => {
  const { runtime } = await openWorld()
  expect(await failureOf(runtime.campaigns.create(campaign(), { speed }))).toMatchObject({ _tag: "InvalidInput" })
  expect(await runtime.campaigns.list()).toEqual([])
})

test.each([0, -1, 1.5, Number.NaN])("a limit of %s live executions is refused", async (maxLive) => {
  expect(await failureOf(openWorld({ maxLive }))).toMatchObject({ _tag: "InvalidInput" })
})

test("a template that does not exist or does not compile is refused before anything is stored", async () => {
  const { runtime } = await openWorld({
    renderer: handlebars({ templates: { broken: { subject: "x", html: "<p>{{#if}}</p>" } } }),
  })
  expect(await failureOf(runtime.campaigns.create(campaign({ steps: [{ template: "nowhere" }] })))).toMatchObject({
    _tag: "NotFound",
  })
  expect(await failureOf(runtime.campaigns.create(campaign({ steps: [{ template: "broken" }] })))).toMatchObject({
    _tag: "RenderError",
  })
  expect(await runtime.campaigns.list()).toEqual([])
})

test("a failed mail is run again by hand, and revives a completed campaign", async () => {
  let isBroken = true
  const { spring, runtime, executionOf } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    {
      transport: {
        outcome: () =>
          isBroken ? { type: "rejected", scope: "recipient", retryable: false, code: "550" } : { type: "accepted" },
      },
    },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ failed: 1, enrollments: { ended: 1 } })
  isBroken = false
  const { id } = await executionOf("ann")
  expect(await runtime.executions.retry(id)).toBe("applied")
  expect(await spring.completed()).toMatchObject({
    planned: 2,
    sent: 2,
    failed: 0,
    enrollments: { finished: 1, ended: 0 },
  })
  expect(await runtime.executions.retry(id)).toBe("refused")
  expect(await runtime.executions.retry("nobody")).toBe("missing")
})

test("a waiting mail is moved to another time, and to no time that makes no sense", async () => {
  const { spring, runtime, executionOf } = await openCampaign({ steps: [{ template: "hello", after: "1 day" }] })
  await spring.enroll(people("ann"))
  const { id, scheduledFor } = await executionOf("ann")
  for (const nonsense of [Number.NaN, Number.POSITIVE_INFINITY, -1])
    expect(await failureOf(runtime.executions.reschedule(id, nonsense))).toMatchObject({ _tag: "InvalidInput" })
  expect(await runtime.executions.reschedule(id, scheduledFor + 5)).toBe("applied")
  expect((await runtime.executions.get(id)).scheduledFor).toBe(scheduledFor + 5)
  expect(await runtime.executions.reschedule(id, 0)).toBe("applied")
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1 })
})
