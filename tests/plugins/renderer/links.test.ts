import { handlebars } from "sendstate/renderer/handlebars"
import { afterAll, describe, expect, test } from "vitest"
import { compileError, html, rendered, renderFailure } from "./compile-template.ts"

const renderer = handlebars({ templates: {} })
afterAll(() => renderer.close?.())

describe("literal links have a known scheme", () => {
  test.each([
    `<a href="javascript:alert(1)">x</a>`,
    `<a href=" javascript:alert(1)">x</a>`,
    `<a href="JAVASCRIPT:alert(1)">x</a>`,
    `<a href="&#106;avascript:alert(1)">x</a>`,
    `<a href="java\tscript:alert(1)">x</a>`,
    `<a href='vbscript:x'>x</a>`,
    `<a href=javascript:alert(1)>x</a>`,
    `<img src="file:///etc/hostname">`,
    `<img src="data:image/svg+xml,x">`,
    `<a href="//cdn.test/x">x</a>`,
    `<a href="page.html">x</a>`,
    `<form action="javascript:x"></form>`,
    `<table background="javascript:x"></table>`,
    `<!--[if mso]><v:fill src="javascript:x" /><![endif]-->`,
    `<p style="background:url(javascript:x)">x</p>`,
    `<style>p { width: expression(alert(1)) }</style>`,
    `<noscript><a href="javascript:x">x</a></noscript>`,
    `<meta http-equiv="Refresh" content="0;url=https://a.test">`,
    `<iframe src="https://a.test"></iframe>`,
    `<base href="https://a.test">`,
    `<p onclick="x()">x</p>`,
    `<img src="https://a.test/x.png"onerror="x()">`,
    `<a href="https://a.test>x`,
  ])("%s is refused", async (body) => {
    expect((await compileError(renderer, html(body))).code).toBe("template-invalid")
  })

  test.each(["https://a.test/x?y=1#z", "http://a.test", "mailto:a@a.test", "tel:+491234", "#top", "cid:logo"])(
    "%s is allowed",
    async (url) => {
      expect((await rendered(renderer, html(`<a href="${url}">x</a>`))).html).toContain(url)
    },
  )
})

describe("a value in a link", () => {
  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\u0001javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,x",
    "//evil.test",
    "evil.test/login",
    "https:",
  ])("%j as a whole link fails the mail", async (url) => {
    const error = await renderFailure(renderer, html(`<a href="{{url}}">x</a>`), { url })
    expect(error.code).toBe("unsafe-url")
  })

  test("cannot complete a scheme", async () => {
    const template = html(`<a href="java{{rest}}">x</a>`)
    expect((await renderFailure(renderer, template, { rest: "script:x" })).code).toBe("unsafe-url")
  })

  test("is checked in each branch of a block", async () => {
    const template = html(`<a href="{{#if a}}https://a.test{{else}}{{url}}{{/if}}/x">x</a>`)
    expect((await rendered(renderer, template, { a: "1" })).html).toContain(`href="https://a.test/x"`)
    expect((await renderFailure(renderer, template, { url: "javascript:x" })).code).toBe("unsafe-url")
  })

  test("is encoded behind a literal address, so that a plus address and & stay one value", async () => {
    const mail = await rendered(
      renderer,
      html(`<a href="https://a.test/{{id}}?e={{email}}&amp;d={{date day "short"}}&amp;l={{lang}}#{{part}}">x</a>`),
      { id: "a b/c", email: "ann+x&y=1@a.test", day: "2026-03-31", lang: "de", part: "é" },
    )
    const link = "https://a.test/a%20b/c?e=ann%2Bx%26y%3D1@a.test&amp;d=3/31/26&amp;l=de#%C3%A9"
    expect(mail.html).toContain(`href="${link}"`)
    // The text part links to the same place.
    expect(mail.text).toBe(`x <${link.replaceAll("&amp;", "&")}>\n`)
  })

  test("is encoded behind a variable address too", async () => {
    const mail = await rendered(renderer, html(`<a href="{{base}}?lead={{lead.id}}">x</a>`), {
      base: "https://a.test/u",
      lead: { id: "a+b@a.test" },
    })
    expect(mail.html).toContain(`href="https://a.test/u?lead=a%2Bb@a.test"`)
  })

  test("cannot leave its attribute", async () => {
    const mail = await rendered(renderer, html(`<a href="{{url}}">x</a>`), { url: `https://a.test/"onclick="x` })
    expect(mail.html).toBe(`<a href="https://a.test/&quot;onclick&#x3D;&quot;x">x</a>`)
  })

  test.each([
    ["without quotes", "<a href={{url}}>x</a>"],
    ["as an attribute", "<a {{url}}>x</a>"],
    ["as a tag", "<{{url}}>x</a>"],
    ["inside a tag's name", "<a{{url}}>x</a>"],
  ])("%s is refused when the template is compiled", async (_, body) => {
    expect((await compileError(renderer, html(body))).code).toBe("template-invalid")
  })
})

describe("a value in a style", () => {
  const template = html(`<p style="color:{{colour}};background:url('{{image}}')">x</p>`)

  test("may be a colour or an image", async () => {
    const mail = await rendered(renderer, template, { colour: "#1f7a4d", image: "https://a.test/x y.png" })
    expect(mail.html).toContain("color:#1f7a4d;background:url('https://a.test/x%20y.png')")
  })

  test.each([
    [{ colour: "red;background:url(https://track.test)", image: "https://a.test/x" }, "unsafe-style"],
    [{ colour: "red", image: "javascript:x" }, "unsafe-url"],
  ])("%j fails the mail", async (variables, code) => {
    expect((await renderFailure(renderer, template, variables)).code).toBe(code)
  })

  test("cannot end the url", async () => {
    const mail = await rendered(renderer, template, { colour: "red", image: "https://a.test/x');color:blue" })
    expect(mail.html).toContain("url('https://a.test/x%27%29;color:blue')")
  })
})
