/** From the mail to what explain tells: renderer, handler and runtime together. */
import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { type TrackingOptions, withTracking } from "sendstate/renderer/tracking"
import type { CampaignInput, Feedback, LeadInput, Message, Renderer } from "sendstate/sdk"
import { trackingHandler } from "sendstate/web"
import { describe, expect, test } from "vitest"
import { failureOf, openCampaign } from "../runtime/world.ts"

const signingKeys = ["t".repeat(32)]
const baseUrl = "https://acme.test/t"

const rendererOf = (html: string, options: Partial<TrackingOptions> = {}, text?: string): Renderer =>
  withTracking(
    handlebars({ templates: { hello: { subject: "Hello", html, ...(text === undefined ? {} : { text }) } } }),
    {
      baseUrl,
      signingKeys,
      ...options,
    },
  )

const mailOf = async (
  renderer: Renderer,
  definition: Partial<CampaignInput> = {},
  data: NonNullable<LeadInput["data"]> = {},
) => {
  const { spring, inbox, runtime, executionOf } = await openCampaign(definition, { renderer })
  await spring.enroll([{ email: "ann@example.test", data }])
  expect(await spring.settled()).toMatchObject({ sent: 1 })
  return { message: inbox.sent[0]?.message as Message, runtime, id: (await executionOf("ann")).id }
}

const linksIn = ({ html = "" }: Message): ReadonlyArray<string> =>
  [...html.matchAll(/\bhref="([^"]*)"/g)].map(([, url = ""]) => url)

const imageIn = ({ html = "" }: Message): string => /<img src="([^"]*)"/.exec(html)?.[1] ?? ""

const served = (options: Partial<Parameters<typeof trackingHandler>[0]> = {}) => {
  const heard: Array<Feedback> = []
  const handler = trackingHandler({
    signingKeys,
    receive: async (one) => void heard.push(one),
    now: () => 5,
    ...options,
  })
  const get = (url: string, init: RequestInit = {}) => handler(new Request(url, init))
  const where = async (url: string) => (await get(url)).headers.get("location")
  return { heard, get, where }
}

describe("tracked mail", () => {
  test("leads each link through us to where it went, and the text part is as it was", async () => {
    const html =
      "<html><body><a href=\"https://shop.test/a?x=1&amp;y={{q}}#z\">a</a> <a href='http://shop.test'>b</a></body></html>"
    const plain = await mailOf(handlebars({ templates: { hello: { subject: "Hello", html } } }), {}, { q: "ä & 1" })
    const { message, id } = await mailOf(rendererOf(html), {}, { q: "ä & 1" })
    expect(message.text).toBe(plain.message.text)
    expect(message.html).not.toContain("shop.test")
    const { heard, where } = served()
    const [first = "", second = ""] = [...(message.html ?? "").matchAll(/href=["']([^"']*)["']/g)].map(([, url]) => url)
    expect(first).toMatch(/^https:\/\/acme\.test\/t\/[\w.-]+$/)
    expect(await where(first)).toBe("https://shop.test/a?x=1&y=%C3%A4%20%26%201#z")
    expect(await where(second)).toBe("http://shop.test/")
    expect(heard).toMatchObject([
      { type: "clicked", executionId: id, url: "https://shop.test/a?x=1&y=%C3%A4%20%26%201#z", at: 5, authentic: true },
      { type: "clicked", executionId: id, url: "http://shop.test" },
    ])
  })

  test("leaves alone what unsubscribes, what is no web link, and what says so", async () => {
    const html =
      '<link rel="stylesheet" href="https://fonts.test/a.css"><a href="{{unsubscribeUrl}}">1</a><a href="mailto:a@b.test">2</a><a href="#top">3</a><a data-untracked href="https://shop.test/x">4</a>'
    const { message } = await mailOf(rendererOf(html), { unsubscribe: { url: "https://acme.test/u/{token}?a=b" } })
    expect(linksIn(message).map((url) => url.replaceAll("&#x3D;", "="))).toEqual([
      "https://fonts.test/a.css",
      message.listUnsubscribe?.urls[0],
      "mailto:a@b.test",
      "#top",
      "https://shop.test/x",
    ])
  })

  test("is signed with the runtime's keys where no others are given", async () => {
    const { message, runtime, id } = await mailOf(
      withTracking(
        handlebars({ templates: { hello: { subject: "Hello", html: '<a href="https://shop.test/">x</a>' } } }),
        { baseUrl },
      ),
    )
    const { where, heard } = served({ signingKeys: runtime.signingKeys() })
    expect(await where(linksIn(message)[0] ?? "")).toBe("https://shop.test/")
    expect(heard).toMatchObject([{ type: "clicked", executionId: id }])
    expect(await served().where(linksIn(message)[0] ?? "")).toBeNull()
  })

  test("is of the campaigns that are named, and of no other", async () => {
    const html = '<a href="https://shop.test/">x</a>'
    const named = rendererOf(html, { campaigns: ["spring"] })
    expect(linksIn((await mailOf(named)).message)[0]).toContain(baseUrl)
    const others = rendererOf(html, { campaigns: ["autumn"] })
    expect(linksIn((await mailOf(others)).message)).toEqual(["https://shop.test/"])
  })

  test("a link that is too long for a token stays as it is", async () => {
    const long = `https://shop.test/${"x".repeat(2_000)}`
    const { message } = await mailOf(rendererOf(`<a href="${long}">x</a>`))
    expect(linksIn(message)).toEqual([long])
  })

  test("tells of an open by an image at its end", async () => {
    const { message, id } = await mailOf(rendererOf("<html><body><p>Hello</p></body></html>"))
    expect(message.html).toMatch(/<p>Hello<\/p><img src="[^"]*"[^>]*><\/body><\/html>$/)
    const { heard, get } = served()
    const response = await get(imageIn(message))
    expect(response.headers.get("content-type")).toBe("image/gif")
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(
      Buffer.from(await response.arrayBuffer())
        .subarray(0, 6)
        .toString(),
    ).toBe("GIF89a")
    expect(heard).toMatchObject([{ id: `opened:${id}`, type: "opened", executionId: id }])
  })

  test("tells only of what was asked for", async () => {
    const html = '<p><a href="https://shop.test/">x</a></p>'
    expect(imageIn((await mailOf(rendererOf(html, { opens: false }))).message)).toBe("")
    expect(linksIn((await mailOf(rendererOf(html, { clicks: false }))).message)).toEqual(["https://shop.test/"])
  })

  test("Outlook's buttons and MJML are tracked too", async () => {
    const renderer = withTracking(
      mjml({
        templates: {
          hello: {
            subject: "Hello",
            mjml: '<mjml><mj-body><mj-section><mj-column><mj-button href="https://shop.test/b">Buy</mj-button></mj-column></mj-section></mj-body></mjml>',
          },
        },
      }),
      { baseUrl: `${baseUrl}/`, signingKeys },
    )
    const { message } = await mailOf(renderer)
    expect(message.html).not.toContain("shop.test")
    expect(await served().where(linksIn(message).find((url) => url.startsWith(baseUrl)) ?? "")).toBe(
      "https://shop.test/b",
    )
  })
})

describe("the handler", () => {
  test("leads nowhere that was not signed here: changed, foreign and foreign-purpose tokens", async () => {
    const { message } = await mailOf(rendererOf('<a href="https://shop.test/">x</a>'))
    const link = linksIn(message)[0] ?? ""
    const { heard, get } = served()
    const [payload = "", signature = ""] = link.slice(link.lastIndexOf("/") + 1).split(".")
    const words = JSON.parse(Buffer.from(payload, "base64url").toString()) as ReadonlyArray<string>
    const forged = Buffer.from(JSON.stringify([words[0], "https://evil.test/"])).toString("base64url")
    for (const token of [`${forged}.${signature}`, payload, "", "x.y", `${payload}.${"A".repeat(43)}`])
      expect((await get(`${baseUrl}/${token}`)).status).toBe(404)
    expect((await served({ signingKeys: ["o".repeat(32)] }).get(link)).status).toBe(404)
    expect((await get(link, { method: "POST" })).status).toBe(405)
    expect(heard).toEqual([])
  })

  test("a HEAD and a prefetch that says so are answered and not counted", async () => {
    const { message } = await mailOf(rendererOf('<a href="https://shop.test/">x</a>'))
    const { heard, get } = served()
    for (const init of [{ method: "HEAD" }, { headers: { "sec-purpose": "prefetch;prerender" } }])
      expect((await get(linksIn(message)[0] ?? "", init)).status).toBe(302)
    expect(heard).toEqual([])
  })

  test("the reader is led on although it could not be stored, where the host hears of it", async () => {
    const { message } = await mailOf(rendererOf('<a href="https://shop.test/">x</a>'))
    const link = linksIn(message)[0] ?? ""
    const receive = () => Promise.reject(new Error("disk full"))
    await expect(served({ receive }).get(link)).rejects.toThrow("disk full")
    const errors: Array<unknown> = []
    expect(await served({ receive, onError: (error) => errors.push(error) }).where(link)).toBe("https://shop.test/")
    expect(errors).toMatchObject([{ message: "disk full" }])
  })

  test("with the runtime behind it, explain tells of the open and the click, once each", async () => {
    const { message, runtime, id } = await mailOf(rendererOf('<a href="https://shop.test/">x</a>'))
    const { get } = served({ receive: runtime.receiveFeedback })
    for (let time = 0; time < 2; time += 1) {
      await get(imageIn(message))
      await get(linksIn(message)[0] ?? "")
    }
    expect((await runtime.explain(id)).feedback.map(({ text }) => text)).toEqual(["opened", "a link was clicked"])
  })
})

test.each([
  { baseUrl: "http://acme.test" },
  { baseUrl: "https://acme.test/?a" },
  { baseUrl: 'https://acme.test/"' },
  { signingKeys: ["short"] },
  { signingKeys: [] },
])("options that are not valid are refused: %j", async (options) => {
  expect(await failureOf((async () => rendererOf("<p></p>", options))())).toMatchObject({ _tag: "InvalidInput" })
})
