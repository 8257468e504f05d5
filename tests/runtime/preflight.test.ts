/** What preflight warns of: nothing of it keeps a mail from being sent. */
import type { PreflightReport } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import type { CampaignInput, LeadInput, RenderedMail, Renderer } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { crowd, openCampaign } from "./world.ts"

/** A renderer that gives this mail, whatever the template: for what sendstate's own renderers refuse. */
const giving = (mail: Partial<RenderedMail> | ((lead: string) => Partial<RenderedMail>)): Renderer => ({
  name: "given",
  version: "1",
  load: async (name) => ({ name, subject: "Hello", html: "<p>Hello</p>" }),
  compile: async () => ({}),
  prepare: () => ({
    variables: [],
    render: ({ variables }) => ({
      subject: "Hello",
      text: `Hello ${String(variables.unsubscribeUrl)}`,
      ...(typeof mail === "function" ? mail(String(variables.email)) : mail),
    }),
  }),
})

const good: Partial<CampaignInput> = { unsubscribe: { url: "https://acme.test/u/{token}" } }

const lookedAt = async (
  definition: Partial<CampaignInput>,
  mail: Parameters<typeof giving>[0] = {},
  leads: ReadonlyArray<LeadInput> = [{ email: "bob@example.test" }],
  recipients?: number,
): Promise<PreflightReport> => {
  const { spring } = await openCampaign({ ...good, ...definition }, { renderer: giving(mail) })
  return spring.preflight(leads, { recipients })
}

const codes = ({ warnings }: PreflightReport): ReadonlyArray<string> => warnings.map(({ code }) => code)

test("a good mail of a good campaign gives no warning", async () => {
  const report = await lookedAt({}, { html: '<a href="https://acme.test/">a</a><a href="mailto:a@b.test">b</a>' })
  expect(report).toEqual({
    leads: 1,
    mails: 1,
    rejected: { total: 0, first: [] },
    problems: { total: 0, first: [] },
    warnings: [],
  })
})

describe("the sender", () => {
  test.each<[string, Partial<CampaignInput>, ReadonlyArray<string>]>([
    ["at somebody else's mail service", { from: "acme@gmail.com" }, ["from-freemail"]],
    ["whom nobody can answer", { from: "No-Reply <no-reply@acme.test>" }, ["from-no-reply"]],
    ["whom one answers elsewhere", { from: "noreply@acme.test", replyTo: "help@acme.test" }, []],
    ["with bounces at another organisation", { envelopeFrom: "b@mailer.test" }, ["from-not-aligned"]],
    ["with bounces beside", { from: "a@news.acme.test", envelopeFrom: "b@bounces.acme.test" }, []],
    ["of two organisations below co.uk", { from: "a@one.co.uk", envelopeFrom: "b@two.co.uk" }, ["from-not-aligned"]],
  ])("%s", async (_name, definition, expected) => {
    expect(codes(await lookedAt(definition))).toEqual(expected)
  })
})

describe("unsubscribing", () => {
  test("is missing", async () => {
    expect(codes(await lookedAt({ unsubscribe: undefined }))).toEqual(["unsubscribe-missing"])
  })

  test("does not say who", async () => {
    expect(codes(await lookedAt({ unsubscribe: { url: "https://acme.test/u" } }))).toEqual(["unsubscribe-anonymous"])
  })

  test("is not shown in the mail; in HTML it may be escaped", async () => {
    expect(codes(await lookedAt({}, { text: "Hello" }))).toEqual(["unsubscribe-not-shown"])
    const { spring } = await openCampaign(
      { unsubscribe: { url: "https://acme.test/u?lead={leadId}&token={token}" } },
      {
        renderer: handlebars({
          templates: { hello: { subject: "Hello", html: '<a href="{{unsubscribeUrl}}">no more</a>', text: "Hello" } },
        }),
      },
    )
    expect((await spring.preflight([{ email: "bob@example.test" }])).warnings).toEqual([])
  })

  test("needs one click above 5,000 recipients, and the domain its records", async () => {
    const link = { unsubscribe: { url: "mailto:out@acme.test?subject={leadId}" } }
    expect(codes(await lookedAt(link, {}, [{ email: "bob@example.test" }], 5_000))).toEqual([])
    expect(codes(await lookedAt(link, {}, [{ email: "bob@example.test" }], 5_001))).toEqual([
      "one-click-missing",
      "bulk-sender",
    ])
    // Counted from the leads themselves, where nobody says how many there will be.
    expect(codes(await lookedAt({}, {}, crowd(5_001)))).toEqual(["bulk-sender"])
  })
})

describe("a mail", () => {
  test.each<[string, Partial<RenderedMail>, ReadonlyArray<string>]>([
    ["whose subject is cut off", { subject: "x".repeat(71) }, ["subject-long"]],
    ["whose subject is as long as is shown", { subject: "ä".repeat(70) }, []],
    ["that looks like an answer", { subject: "Re: your order" }, ["subject-reply"]],
    ["that Gmail clips", { html: `<p>${"x".repeat(102 * 1_024)}</p>` }, ["html-clipped"]],
    ["just short of that", { html: "x".repeat(102 * 1_024) }, []],
    [
      "without a text",
      { text: " \n", html: "{{unsubscribeUrl}}" },
      ["unsubscribe-not-shown", "text-empty", "placeholder-left"],
    ],
    ["with what was not filled in", { subject: "Hello *|FNAME|*" }, ["placeholder-left"]],
    ["with a link that leads nowhere", { html: '<a class="x" href="">a</a><a href="#">b</a>' }, ["link-empty"]],
    ["with an anchor", { html: '<a href="#offers">a</a>' }, []],
    ["with a relative link", { html: "<a href='/offers'>a</a>" }, ["link-relative"]],
    ["with a link that is not https", { html: '<a href="http://shop.test/">a</a>' }, ["link-insecure"]],
    ["with an image from this machine", { html: '<img alt="" src="http://localhost:8080/a.png">' }, ["link-local"]],
    ["with an image without address", { html: '<img src="">' }, ["image-empty"]],
    ["with an attached image", { html: '<img src="cid:logo">' }, []],
  ])("%s", async (_name, mail, expected) => {
    expect(codes(await lookedAt({}, mail))).toEqual(expected)
  })

  test("with files that many servers refuse", async () => {
    const attachments = [{ filename: "a.bin", content: new Uint8Array(8 * 1_048_576) }]
    expect(codes(await lookedAt({ attachments }))).toEqual(["mail-large"])
  })

  test("with a header that is not ASCII", async () => {
    expect(codes(await lookedAt({ headers: { "X-Campaign": "Frühling" } }))).toEqual(["header-not-ascii"])
  })
})

test("warnings are counted for each template, with the first lead, and name nobody", async () => {
  const leads = ["ann", "bob", "cat"].map((name) => ({ email: `${name}@example.test` }))
  const report = await lookedAt(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    (email) => (email.startsWith("ann") ? {} : { html: `<a href="http://shop.test/?who=${email}">a</a>` }),
    leads,
  )
  expect(report).toMatchObject({ leads: 3, mails: 6, problems: { total: 0 } })
  expect(report.warnings).toMatchObject([
    { code: "link-insecure", template: "hello", mails: 2, index: 1 },
    { code: "link-insecure", template: "nudge", mails: 2, index: 1 },
  ])
  expect(JSON.stringify(report)).not.toContain("example.test")
  expect(report.warnings[0]?.message).toContain("http://shop.test is not https")
})

test("mails that cannot be rendered are problems, not warnings", async () => {
  const { spring } = await openCampaign({ ...good, steps: [{ template: "picky" }] })
  const report = await spring.preflight([
    { email: "bob@example.test" },
    { email: "cat@example.test", data: { city: "Rome" } },
  ])
  expect(report.problems.total).toBe(1)
  expect(report.warnings).toMatchObject([{ code: "unsubscribe-not-shown", mails: 1, index: 1 }])
})
