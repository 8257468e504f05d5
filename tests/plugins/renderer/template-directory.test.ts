import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

const { signal } = new AbortController()
let directory = ""

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), "templates-"))
  directory = join(root, "templates")
  await mkdir(join(directory, "partials"), { recursive: true })
  await mkdir(join(directory, "folder"))
  const files = {
    "../secret.html": "---\nsubject: secret\n---\nsecret",
    "hello.mjml": "---\r\nsubject: 'Hi {{name}}'\r\nhtmlSafe: [bio]\r\n---\r\n<mjml>{{> header}}</mjml>",
    "hello.de.mjml": "---\nsubject: Hallo\n---\n<mjml>{{> header}}{{> other}}</mjml>",
    "hello.de.txt": "Hallo {{> sign}}",
    "hello.txt": "Hello",
    "hello-world.mjml": "---\nsubject: x\n---\n",
    "folder/deep.hbs": "---\nsubject: x\ntext: own\n---\n<p>deep</p>",
    "both.html": "---\nsubject: x\n---\n",
    "both.mjml": "---\nsubject: x\n---\n",
    "bare.html": "<p>no front matter</p>",
    "typo.html": "---\nsubjct: x\n---\n",
    "yaml.html": "---\nsubject: [x\n---\n",
    "twotexts.html": "---\nsubject: x\ntext: a\n---\n",
    "twotexts.txt": "b",
    "odd.x!.html": "---\nsubject: x\n---\n",
    "odd.html": "---\nsubject: x\n---\n",
    "partials/header.mjml": "<mj-text>{{> inner}}</mj-text>",
    "partials/header.de.mjml": "<mj-text>Kopf</mj-text>",
    "partials/inner.hbs": "inner",
    "partials/other.mjml": "other",
    "partials/unused.mjml": "unused",
    "partials/sign.txt": "Ann",
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content)
  await symlink(join(root, "secret.html"), join(directory, "link.html"))
})
afterAll(() => rm(join(directory, ".."), { recursive: true }))

const load = (name: string) => mjml({ directory }).load(name, { signal })

describe("a template directory", () => {
  test("gives a template with its locales, texts and exactly the partials that it uses", async () => {
    expect(await load("hello")).toEqual({
      name: "hello",
      subject: "Hi {{name}}",
      htmlSafe: ["bio"],
      // The front matter's lines stay, so that line numbers are those of the file.
      mjml: "\n\n\n\n<mjml>{{> header}}</mjml>",
      text: "Hello",
      partials: { header: "<mj-text>{{> inner}}</mj-text>", inner: "inner" },
      locales: {
        de: {
          subject: "Hallo",
          mjml: "\n\n\n<mjml>{{> header}}{{> other}}</mjml>",
          text: "Hallo {{> sign}}",
          partials: { header: "<mj-text>Kopf</mj-text>", other: "other", "sign.txt": "Ann" },
        },
      },
    })
  })

  test("has folders", async () => {
    expect(await load("folder/deep")).toEqual({
      name: "folder/deep",
      subject: "x",
      text: "own",
      html: "\n\n\n\n<p>deep</p>",
    })
  })

  test.each([
    "../secret",
    "/etc/hostname",
    "folder/../../secret",
    "..",
    "hello.de",
    "a\\b",
    "",
    "a/",
    "a\u0000",
    "./hello",
  ])("refuses the name %j", async (name) => {
    await expect(load(name)).rejects.toMatchObject({ _tag: "InvalidInput", code: "bad-template-name" })
  })

  test("refuses a link that leads out of it", async () => {
    await expect(load("link")).rejects.toMatchObject({ message: expect.stringContaining("leads out") })
  })

  test("says what there is when a template is not there", async () => {
    await expect(load("helo")).rejects.toMatchObject({
      _tag: "NotFound",
      kind: "template",
      message: expect.stringContaining("hello"),
    })
    const missing = mjml({ directory: join(directory, "nowhere") })
    await expect(missing.load("x", { signal })).rejects.toMatchObject({
      message: expect.stringContaining("cannot be read"),
    })
  })

  test("is not asked for MJML by the renderer of plain HTML", async () => {
    await expect(handlebars({ directory }).load("hello", { signal })).rejects.toMatchObject({ _tag: "NotFound" })
    expect(await handlebars({ directory }).load("both", { signal })).toMatchObject({ html: expect.any(String) })
  })

  test.each([
    ["both", "keep one"],
    ["bare", "begins with a block"],
    ["typo", "subjct"],
    ["yaml", "yaml.html"],
    ["twotexts", "keep one"],
    ["odd", "no language tag"],
  ])("refuses %s and says why", async (name, message) => {
    await expect(load(name)).rejects.toMatchObject({ _tag: "InvalidInput", message: expect.stringContaining(message) })
  })

  test("stops when its caller does", async () => {
    await expect(mjml({ directory }).load("hello", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      _tag: "Interrupted",
    })
  })
})

describe("templates given in memory", () => {
  test("come before the directory and are checked when the renderer is made", async () => {
    const renderer = mjml({ directory, templates: { hello: { subject: "mine", html: "x" } } })
    expect(await renderer.load("hello", { signal })).toEqual({ name: "hello", subject: "mine", html: "x" })
    expect(() => mjml({ templates: { a: { subject: "x" } } })).toThrow(
      expect.objectContaining({ _tag: "InvalidInput" }),
    )
    expect(() => mjml({ templates: { a: { subject: "x", html: "x", mjml: "x" } } })).toThrow(
      "exactly one of mjml and html",
    )
    expect(() => mjml({})).toThrow("needs directory or templates")
    await expect(mjml({ templates: {} }).load("a", { signal })).rejects.toMatchObject({ _tag: "NotFound" })
    await expect(mjml({ templates: {} }).load("toString", { signal })).rejects.toMatchObject({ _tag: "NotFound" })
  })
})

test("the version names what decides how a template compiles", () => {
  expect(mjml({ templates: {} }).version).toMatch(/^\d+\/handlebars-\d.*\/html-to-text-\d.*\/mjml-\d/)
})
