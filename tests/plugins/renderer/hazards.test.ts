import { handlebars } from "sendstate/renderer/handlebars"
import { afterAll, describe, expect, test } from "vitest"
import { compileError, html, prepared, rendered, renderFailure } from "./compile-template.ts"

const renderer = handlebars({ templates: {} })
afterAll(() => renderer.close?.())

describe("a template cannot reach into the process", () => {
  test.each([
    ["a prototype", "{{constructor.name}}", "constructor.name is not allowed"],
    ["a prototype by segment", "{{[__proto__].polluted}}", "__proto__"],
    ["a prototype in a with", "{{#with name}}{{../constructor}}{{/with}}", "constructor"],
    ["a prototype as an argument", '{{default name.constructor "x"}}', "constructor"],
    ["lookup", '{{lookup this "constructor"}}', "lookup is not a known function"],
    ["log", '{{log "secret"}}', "log is not a known function"],
    ["an unknown helper", "{{helperMissing name}}", "helperMissing is not a known function"],
    ["a block by name", "{{#name}}x{{/name}}", "#name is not a known block"],
    ["blockHelperMissing", "{{#blockHelperMissing name}}x{{/blockHelperMissing}}", "not a known block"],
    ["an internal call", "{{css-value name}}", "css-value is not a known function"],
    ["an internal block", "{{#safe-url}}x{{/safe-url}}", "#safe-url is not a known block"],
    ["a decorator", '{{#*inline "a"}}x{{/inline}}', "decorators and partial blocks"],
    ["a decorator statement", "{{* x}}", "decorators and partial blocks"],
    ["a partial block", "{{#> a}}x{{/a}}", "partial blocks"],
    ["a run-time partial name", "{{> (name)}}", "a partial has a plain name"],
    ["a partial with values", "{{> a b=name}}", "takes no values"],
    ["a raw block", "{{{{raw}}}} {{x}} {{{{/raw}}}}", "raw blocks"],
    ["other data variables", "{{@partial-block}}", "only @index"],
    ["the path above the data", "{{../secret}}", "goes above"],
    ["unescaped HTML", "{{{name}}}", "htmlSafe"],
    ["unescaped HTML with &", "{{&name}}", "htmlSafe"],
    ["unescaped HTML of a function", '{{{default name "x"}}}', "htmlSafe"],
  ])("%s is refused when the template is compiled", async (_, body, message) => {
    const error = await compileError(renderer, html(`<p>\n${body}</p>`))
    expect(error.code).toBe("template-invalid")
    expect(error.issues.map((issue) => issue.message).join()).toContain(message)
    expect(error.issues[0]?.path).toBe("html:2")
  })

  test("a syntax tree in place of a text is refused", async () => {
    const tree = { type: "Program", body: [] }
    const error = await compileError(renderer, JSON.parse(JSON.stringify({ subject: "x", html: tree })))
    expect(error.code).toBe("template-invalid")
  })

  test("all issues of all parts are found at once, with their lines", async () => {
    const error = await compileError(renderer, {
      subject: "{{log 1}}",
      html: "<p>\n{{nope x}}\n\n{{{y}}}</p>",
      text: "a\n{{#if}}{{/if}}",
      locales: { de: { subject: "x", html: "{{#each}}{{/each}}" } },
    })
    expect(error.issues.map((issue) => issue.path)).toEqual([
      "subject:1",
      "html:2",
      "html:4",
      "text:2",
      "locales.de.html:1",
    ])
  })

  test("a syntax error is said in words, with its line", async () => {
    const error = await compileError(renderer, html("a\nb {{#if x}} c"))
    expect(error.issues[0]?.path).toMatch(/^html:\d$/)
    expect(error.message).toContain("Check that every tag and block is closed")
    expect(error.message).not.toContain("----^")
  })
})

describe("a lead's data stays data", () => {
  test("values are escaped in HTML, not in the subject and the text", async () => {
    const value = `<img src=x onerror="a('b')">&`
    const mail = await rendered(renderer, html("<p>{{name}}</p>", { subject: "Hi {{name}}", text: "Hi {{name}}" }), {
      name: value,
    })
    expect(mail.html).toBe("<p>&lt;img src&#x3D;x onerror&#x3D;&quot;a(&#x27;b&#x27;)&quot;&gt;&amp;</p>")
    expect(mail.subject).toBe(`Hi ${value}`)
    expect(mail.text).toBe(`Hi ${value}`)
  })

  test("Handlebars in a value is not run", async () => {
    const mail = await rendered(renderer, html("<p>{{name}}</p>"), { name: "{{secret}}", secret: "leaked" })
    expect(mail.html).toContain("{{secret}}")
    expect(mail.text).toContain("{{secret}}")
  })

  test("html-safe variables are written as they are, and only those", async () => {
    const template = html("<p>{{{bio}}} {{name}}</p>", { htmlSafe: ["bio"] })
    const mail = await rendered(renderer, template, { bio: "<b>x</b>", name: "<b>y</b>" })
    expect(mail.html).toBe("<p><b>x</b> &lt;b&gt;y&lt;/b&gt;</p>")
    // The text part has the words of the trusted HTML, not its tags.
    expect(mail.text).toBe("x <b>y</b>\n")
  })

  test.each([
    ["__proto__", JSON.parse('{"__proto__": {"polluted": true}}')],
    ["constructor", { constructor: "x" }],
    ["prototype", { deep: [{ prototype: 1 }] }],
  ])("a value named %s is refused", async (_, variables) => {
    const error = await renderFailure(renderer, html("x"), variables)
    expect(error.code).toBe("bad-variables")
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false)
  })

  test("functions in the data are refused, not called", async () => {
    let called = false
    const error = await renderFailure(renderer, html("{{name}}"), { name: () => (called = true) })
    expect(error.code).toBe("bad-variables")
    expect(called).toBe(false)
  })

  test("members of Object.prototype are missing values", async () => {
    const error = await renderFailure(renderer, html("{{toString}} {{hasOwnProperty}} {{lead.valueOf}}"), { lead: {} })
    expect(error.issues.map((issue) => issue.path)).toEqual(["hasOwnProperty", "lead.valueOf", "toString"])
  })

  test("data that contains itself ends with an error", async () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect((await renderFailure(renderer, html("x"), { loop })).code).toBe("bad-variables")
  })

  test("a list or an object is not printed", async () => {
    const error = await renderFailure(renderer, html("{{lead}}"), { lead: { id: "1" } })
    expect(error.code).toBe("not-a-text")
    expect(error.message).toContain("{{#each}}")
  })

  test.each(["\r\nBcc: evil@evil.test", "a\nb", "a\u0000b", "a\u2028b", "a\u0085b", "a\tb"])(
    "a subject with the value %j is refused",
    async (name) => {
      const error = await renderFailure(renderer, html("x", { subject: "Hi {{name}}" }), { name: `Ann${name}` })
      expect(error.code).toBe("bad-subject")
      expect(error.issues[0]?.path).toBe("subject")
    },
  )

  test("an empty subject is refused", async () => {
    const template = html("x", { subject: "{{#if name}}Hi{{/if}}" })
    expect((await renderFailure(renderer, template)).code).toBe("bad-subject")
  })
})

test("a changed store cannot bring in a program", async () => {
  const good = await renderer.compile(
    { name: "test", subject: "x", html: "<p>{{name}}</p>" },
    { signal: AbortSignal.timeout(20_000) },
  )
  const changed = (html: unknown) => JSON.parse(JSON.stringify({ ...good, base: { ...(good.base as object), html } }))
  for (const bad of ["{{constructor}}", "{{{name}}}", "{{#if", "{{lookup a b}}", { type: "Program", body: [] }, 7])
    expect(() => renderer.prepare(changed(bad)), String(bad)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/bad-compiled-template|render-failed/) }),
    )
  expect(() => renderer.prepare({})).toThrow(
    expect.objectContaining({ _tag: "RenderError", code: "bad-compiled-template" }),
  )
})

test("a template's render has no memory: the same input gives the same mail after a failure", async () => {
  const template = await prepared(renderer, html("<p>{{name}}</p>"))
  const render = (variables: Record<string, unknown>) => template.render({ variables, now: 0 })
  const first = render({ name: "Ann" })
  expect(() => render({})).toThrow(expect.objectContaining({ code: "missing-variables" }))
  expect(render({ name: "Ann" })).toEqual(first)
})
