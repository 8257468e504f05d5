import { RenderError, type Renderer, type RenderInput } from "sendstate/sdk"
import { expect, test } from "vitest"
import { crowd, openCampaign, people, renderer } from "./world.ts"

/** Renders as usual, but breaks where the test says so. */
const breaking = (breaks: (input: RenderInput) => void): Renderer => {
  const whole = renderer()
  return renderer({
    prepare: (compiled) => {
      const prepared = whole.prepare(compiled)
      return {
        ...prepared,
        render: (input) => {
          breaks(input)
          return prepared.render(input)
        },
      }
    },
  })
}

const isFor = (input: RenderInput, name: string): boolean =>
  (input.variables.lead as { email: string }).email.startsWith(`${name}@`)

test("a lead that lacks a variable fails alone, with the variable named", async () => {
  const { spring, executionOf } = await openCampaign({ steps: [{ template: "picky" }] })
  await spring.enroll([
    { email: "ann@example.test", data: { city: "Ghent" } },
    { email: "bob@example.test" },
    { email: "cy@example.test", data: { city: "Lyon" } },
  ])
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 2, failed: 1 })
  const { reason } = (await executionOf("bob")).context
  expect(reason?.text).toContain("city")
  expect(reason?.text).not.toContain("bob@example.test")
})

test("a renderer that breaks for one lead is tried again, then that execution fails alone", async () => {
  let tries = 0
  const { spring, executionOf } = await openCampaign(
    {},
    {
      renderer: breaking((input) => {
        if (!isFor(input, "ann")) return
        tries += 1
        throw new TypeError("ann@example.test broke it")
      }),
    },
  )
  await spring.enroll([...people("ann"), ...crowd(30)])
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 30, failed: 1 })
  expect(tries).toBe(4)
  const { reason } = (await executionOf("ann")).context
  expect(reason).toMatchObject({ code: "defect", text: expect.stringContaining("<address> broke it") })
})

test.each([
  ["characters", "x".repeat(26_214_401)],
  // Two bytes each.
  ["bytes", "ä".repeat(13_107_201)],
])(
  "a mail with more %s than any server takes fails alone, at once, and no transport has to hold it",
  async (_, giant) => {
    const whole = renderer()
    const { spring, executionOf, inbox } = await openCampaign(
      {},
      {
        renderer: renderer({
          prepare: (compiled) => {
            const prepared = whole.prepare(compiled)
            return {
              ...prepared,
              render: (input) => ({ ...prepared.render(input), ...(isFor(input, "ann") ? { html: giant } : {}) }),
            }
          },
        }),
      },
    )
    await spring.enroll(people("ann", "bob"))
    await spring.close()
    expect(await spring.completed()).toMatchObject({ sent: 1, failed: 1 })
    expect((await executionOf("ann")).context).toMatchObject({ attempt: 1, reason: { code: "mail-too-large" } })
    expect(inbox.sent.map(({ message }) => message.to.address)).toEqual(["bob@example.test"])
  },
)

test("a renderer that breaks once is forgiven", async () => {
  let broken = false
  const { spring } = await openCampaign(
    {},
    {
      renderer: breaking(() => {
        if (broken) return
        broken = true
        throw new TypeError("broke")
      }),
    },
  )
  await spring.enroll(crowd(5))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 5, failed: 0 })
})

test("a renderer that breaks for everybody degrades the campaign before everybody has failed", async () => {
  let isBroken = true
  const { spring, until } = await openCampaign(
    {},
    {
      renderer: breaking(() => {
        if (isBroken) throw new TypeError("out of order")
      }),
    },
  )
  await spring.enroll(crowd(500))
  await spring.close()
  await until((event) => event.type === "campaign" && event.state === "degraded")
  expect(spring.status()).toMatchObject({ state: "degraded", cause: expect.stringContaining("out of order") })
  const { failed } = await spring.settled()
  expect(failed).toBeLessThan(100)
  isBroken = false
  await spring.resume()
  expect(await spring.completed()).toMatchObject({ planned: 500, failed, sent: 500 - failed })
})

test("a render error that may pass is retried", async () => {
  let tries = 0
  const { spring } = await openCampaign(
    {},
    {
      speed: 1_000,
      renderer: breaking(() => {
        tries += 1
        if (tries > 2) return
        throw new RenderError({ template: "hello", code: "busy", retryable: true, issues: [], message: "busy" })
      }),
    },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1 })
  expect(tries).toBe(3)
})

test("one campaign's broken template harms no other campaign", async () => {
  const { spring, runtime } = await openCampaign(
    {},
    {
      renderer: breaking((input) => {
        if ((input.variables.campaign as { id: string }).id === "spring") throw new TypeError("broke")
      }),
    },
  )
  const autumn = await runtime.campaigns.create({ id: "autumn", from: "a@acme.test", steps: [{ template: "nudge" }] })
  await Promise.all([spring.enroll(crowd(40)), autumn.enroll(crowd(40))])
  await autumn.close()
  expect(await autumn.completed()).toMatchObject({ sent: 40 })
  expect(autumn.status().state).toBe("completed")
  await spring.settled()
})
