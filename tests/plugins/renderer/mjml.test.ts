import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { afterAll, describe, expect, test } from "vitest"
import { column, compileError, rendered } from "./compile-template.ts"

const renderer = mjml({ templates: {} })
afterAll(() => renderer.close?.())

describe("MJML that is not right fails, with its line", () => {
  test.each([
    ["an unclosed component", "<mj-text>a", "mjml:6", "does not match <mj-text>"],
    ["a stray end tag", "<mj-text>a</mj-text></mj-text>", "mjml:5", "does not match <mj-column>"],
    ["an unclosed link", '<mj-text><a href="https://a.test">a</mj-text>', "mjml:5", "<a> is not closed"],
    ["an include", '<mj-include path="/etc/hostname" />', "mjml:5", "mj-include is not supported"],
    ["an include with end tag", '<mj-include path="../x.mjml"></mj-include>', "mjml:5", "mj-include"],
    ["an unknown component", "<mj-nothing>a</mj-nothing>", "mjml:5", "mj-nothing"],
    ["an unknown attribute", '<mj-text colour="red">a</mj-text>', "mjml:5", "colour"],
    ["a component in the wrong place", "<mj-section></mj-section>", "mjml:5", "mj-section"],
    ["a variable as a colour", '<mj-text color="{{colour}}">a</mj-text>', "mjml:5", "{{colour}}"],
    ["a script", "<mj-raw><script>a()</script></mj-raw>", "mjml:5", "<script> is not allowed"],
    ["a javascript: link", '<mj-button href="javascript:a()">a</mj-button>', "mjml:5", "links are https:"],
    ["a data: image", '<mj-image src="data:text/html,x" />', "mjml:5", "links are https:"],
    ["a handler", '<mj-text><b onclick="a()">x</b></mj-text>', "mjml:5", "mail runs no scripts"],
    [
      "a block around components, which MJML drops",
      "{{#if a}}<mj-text>x</mj-text>{{/if}}",
      "mjml:5",
      "MJML drops {{#if a}}",
    ],
    ["a value between components, which MJML drops", "{{name}}", "mjml:5", "MJML drops {{name}}"],
    ["a block over two components", "<mj-text>{{#if a}}x</mj-text><mj-text>y{{/if}}</mj-text>", undefined, undefined],
  ])("%s", async (_, content, path, message) => {
    if (message === undefined) {
      // MJML keeps both tags: a block may span components as long as nothing is lost.
      expect((await rendered(renderer, column(content), { a: "1" })).text).toContain("x")
      return
    }
    const error = await compileError(renderer, column(content))
    expect(error.code).toBe("template-invalid")
    expect(error.issues.map((issue) => issue.path)).toContain(path)
    expect(error.issues.map((issue) => issue.message).join("\n")).toContain(message)
    expect(error.message).not.toContain("hbtag")
  })

  test("a mistake in a partial is reported at the partial's own line", async () => {
    const error = await compileError(renderer, {
      ...column("{{> header}}"),
      partials: { header: "<mj-text>\n\n{{nope x}}</mj-text>" },
    })
    expect(error.issues).toEqual([{ path: "partials.header:3", message: expect.stringContaining("nope") }])
  })

  test("a partial that is not there is named", async () => {
    const error = await compileError(renderer, column("{{> header}}"))
    expect(error.issues[0]).toEqual({ path: "mjml:5", message: expect.stringContaining("partials/header") })
  })
})

test("blocks between components work in mj-raw and in comments", async () => {
  const template = column(
    "<mj-raw>{{#if a}}</mj-raw><mj-text>yes</mj-text><!-- {{else}} --><mj-text>no</mj-text><mj-raw>{{/if}}</mj-raw>",
  )
  const yes = await rendered(renderer, template, { a: "1" })
  const no = await rendered(renderer, template)
  expect([yes.text, no.text]).toEqual(["yes\n", "no\n"])
  expect(yes.html).toContain("yes")
  expect(yes.html).not.toContain(">no<")
})

test("MJML comes first: a value cannot bring in a component", async () => {
  const mail = await rendered(renderer, column("<mj-text>{{name}}</mj-text>"), { name: "<mj-raw><b>x</b></mj-raw>" })
  expect(mail.html).toContain("&lt;mj-raw&gt;")
})

test("quotes and comparisons in tags survive MJML and its style inlining", async () => {
  const template = {
    subject: "x",
    mjml: `<mjml><mj-head><mj-style inline="inline">.a { color: #123456 }</mj-style></mj-head><mj-body><mj-section><mj-column>
      <mj-text><a class="a" {{#if b}}title="t"{{/if}} href="{{default url "https://a.test/?x=1"}}">{{#if (eq plan "pro")}}Pro{{else}}Free{{/if}}</a></mj-text>
    </mj-column></mj-section></mj-body></mjml>`,
  }
  const mail = await rendered(renderer, template, { plan: "pro", b: "1" })
  expect(mail.html).toMatch(
    /<a class="a" title="t" +href="https:\/\/a\.test\/\?x&#x3D;1" style="color: #123456;">Pro<\/a>/,
  )
})

test("a mail loads no fonts that its template does not name", async () => {
  const mail = await rendered(renderer, column("<mj-text>a</mj-text>"))
  expect(mail.html).not.toContain("fonts.googleapis.com")
})

test("comments of the author do not reach the reader, Outlook's conditions do", async () => {
  const mail = await rendered(renderer, column("<!-- ask legal --><mj-text>a<!-- really? --></mj-text>"))
  expect(mail.html).not.toMatch(/legal|really/)
  expect(mail.html).toContain("<!--[if mso")
})

test("the renderer for plain HTML says where MJML goes", async () => {
  const plain = handlebars({ templates: {} })
  const error = await compileError(plain, column("<mj-text>a</mj-text>"))
  expect(error.message).toContain("sendstate/renderer/mjml")
})
