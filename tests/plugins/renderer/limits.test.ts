import { setImmediate } from "node:timers/promises"
import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { afterAll, describe, expect, test } from "vitest"
import { compileError, html, prepared, rendered, renderFailure } from "./compile-template.ts"

const renderer = handlebars({ templates: {} })
const small = mjml({ templates: {}, compileMemoryMb: 16 })
const hasty = mjml({ templates: {}, compileDeadlineMs: 100 })
afterAll(() => Promise.all([renderer.close?.(), small.close?.(), hasty.close?.()]))

const megabytes = (): number => process.memoryUsage().heapUsed / 2 ** 20

describe("a template that is a bomb is refused when it is compiled", () => {
  const doubling = Object.fromEntries(
    Array.from({ length: 14 }, (_, index) => [`p${index}`, `{{> p${index + 1}}}{{> p${index + 1}}}`]),
  )
  test.each([
    ["20,000 tags (5 s and 528 MB in Handlebars)", html("{{a}}".repeat(20_000)), "Handlebars tags"],
    ["a megabyte of text", html("x".repeat(2 ** 20)), "with its partials is longer than 262144 characters"],
    ["33 nested blocks", html(`${"{{#if a}}".repeat(33)}x${"{{/if}}".repeat(33)}`), "nested deeper than 32"],
    ["33 nested calls", html(`{{#if ${"(eq a ".repeat(33)}1${")".repeat(33)}}}x{{/if}}`), "nested deeper than 32"],
    ["many nodes in few tags", html(`{{#if (eq a ${"(eq 1 2) ".repeat(400)})}}{{/if}}`.repeat(3)), "nodes"],
    ["a tag of 5,000 characters", html(`{{default a "${"x".repeat(5_000)}"}}`), "longer than 4096 characters"],
    [
      "a partial that contains itself",
      html("{{> a}}", { partials: { a: "x{{> b}}", b: "{{> a}}" } }),
      "contains itself",
    ],
    [
      "partials that double without text",
      html("{{> p0}}", { partials: { ...doubling, p14: "" } }),
      "with its partials",
    ],
    [
      "partials that double with text",
      html("{{> p0}}", { partials: { ...doubling, p14: "x".repeat(900) } }),
      "with its partials",
    ],
    [
      "101 locales",
      html("x", {
        locales: Object.fromEntries(
          Array.from({ length: 101 }, (_, at) => [
            `en-${String.fromCharCode(65 + (at % 26))}${String.fromCharCode(65 + Math.floor(at / 26))}`,
            { subject: "x", html: "x" },
          ]),
        ),
      }),
      "locales",
    ],
  ])("%s", async (_, template, message) => {
    const before = megabytes()
    const error = await compileError(renderer, template)
    expect(error.code).toBe("template-invalid")
    expect(error.issues.map((issue) => issue.message).join()).toContain(message)
    expect(megabytes() - before).toBeLessThan(64)
  })
})

describe("a mail that is a bomb is refused while it is written", () => {
  test("88 bytes of nested each, 80 MB in Handlebars", async () => {
    const depth = 6
    const template = html(`${"{{#each a}}".repeat(depth)}x${"{{/each}}".repeat(depth)}`)
    const item = (level: number): Record<string, unknown> => (level === 0 ? {} : { a: Array(20).fill(item(level - 1)) })
    const before = megabytes()
    const error = await renderFailure(renderer, template, item(3))
    // Four levels have no list; three of them already make 8,000 rounds.
    expect(["output-too-large", "missing-variables"]).toContain(error.code)
    const deep = html(`${"{{#each @root.a}}".repeat(depth)}x${"{{/each}}".repeat(depth)}`)
    expect((await renderFailure(renderer, deep, { a: Array(20).fill(1) })).code).toBe("output-too-large")
    expect(megabytes() - before).toBeLessThan(64)
  })

  test("a long value written many times", async () => {
    const before = megabytes()
    const error = await renderFailure(renderer, html("{{a}}".repeat(900)), { a: "x".repeat(500_000) })
    expect(error.code).toBe("output-too-large")
    expect(megabytes() - before).toBeLessThan(64)
  })

  test("escaping cannot lift a mail above the limit", async () => {
    expect((await renderFailure(renderer, html("{{a}}"), { a: "'".repeat(300_000) })).code).toBe("output-too-large")
  })

  test("values of more than a megabyte, or nested too deep", async () => {
    const template = await prepared(renderer, html("x"))
    const render = (variables: Record<string, unknown>) => () => template.render({ variables, now: 0 })
    expect(render({ a: "x".repeat(2 ** 21) })).toThrow(expect.objectContaining({ code: "variables-too-large" }))
    expect(render({ a: Array(2 ** 21).fill(null) })).toThrow(expect.objectContaining({ code: "variables-too-large" }))
    const deep = JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`)
    expect(render(deep)).toThrow(expect.objectContaining({ code: "bad-variables" }))
  })

  test("a subject longer than a line may be", async () => {
    const template = html("x", { subject: "{{name}}" })
    expect((await renderFailure(renderer, template, { name: "x".repeat(1_000) })).code).toBe("bad-subject")
  })
})

describe("compiling has its own thread", () => {
  const { signal } = new AbortController()
  const many = {
    name: "many",
    subject: "x",
    mjml: `<mjml><mj-body>${"<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>".repeat(600)}</mj-body></mjml>`,
  }

  test("a template that needs more memory than allowed fails alone", async () => {
    const error = await small.compile(many, { signal }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ _tag: "RenderError", code: "compile-memory", template: "many" })
    const mail = await rendered(renderer, html("<p>still here</p>"))
    expect(mail.text).toBe("still here\n")
  })

  test("a template that takes longer than the deadline fails", async () => {
    await expect(hasty.compile(many, { signal })).rejects.toMatchObject({ code: "compile-deadline" })
  })

  test("an abort ends it at once, a closed renderer compiles nothing more", async () => {
    const own = handlebars({ templates: {} })
    const abort = new AbortController()
    const source = { name: "a", subject: "x", html: "x" }
    const first = own.compile(source, { signal: abort.signal })
    const second = own.compile(source, { signal })
    // The worker is at work by now, and not done: it has to start first.
    await setImmediate()
    abort.abort()
    await expect(first).rejects.toMatchObject({ _tag: "Interrupted" })
    expect(await second).toMatchObject({ name: "a" })
    await own.close?.()
    await expect(own.compile(source, { signal })).rejects.toMatchObject({ _tag: "Closed" })
  })

  test("closing while a template compiles ends that compilation", async () => {
    const own = handlebars({ templates: {} })
    const pending = own.compile({ name: "a", subject: "x", html: "x" }, { signal })
    const outcome = expect(pending).rejects.toMatchObject({ _tag: "Closed" })
    await own.close?.()
    await outcome
  })
})
