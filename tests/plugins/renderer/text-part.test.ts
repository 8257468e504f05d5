import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { afterAll, expect, test } from "vitest"
import { html, rendered } from "./compile-template.ts"

const renderer = mjml({ templates: {} })
const plain = handlebars({ templates: {} })
afterAll(() => Promise.all([renderer.close?.(), plain.close?.()]))

const newsletter = {
  subject: "x",
  mjml: `<mjml lang="en"><mj-head><mj-title>No title in text</mj-title><mj-preview>No preheader either</mj-preview></mj-head><mj-body>
    <mj-section><mj-column><mj-image src="https://a.test/logo.png" alt="Logo of {{company}}" /><mj-image src="https://a.test/line.png" alt="" /></mj-column></mj-section>
    <mj-section>
      <mj-column><mj-text><h1>Hello {{name}}</h1><p>First &amp; <b>second</b>&nbsp;word.</p><p>Next<br/>line.</p></mj-text></mj-column>
      <mj-column><mj-text>Right column</mj-text></mj-column>
    </mj-section>
    <mj-section><mj-column>
      <mj-raw>{{#if items}}</mj-raw>
      <mj-table><tr><th>Item</th><th>Price</th></tr>{{#each items}}<tr><td>{{title}}</td><td>{{currency price "EUR"}}</td></tr>{{/each}}</mj-table>
      <mj-raw>{{else}}</mj-raw>
      <mj-text>Nothing was ordered.</mj-text>
      <mj-raw>{{/if}}</mj-raw>
      <mj-text><ul><li>one</li><li>two</li></ul></mj-text>
      <mj-button href="https://a.test/?e={{email}}">Open</mj-button>
      <mj-text><a href="mailto:help@a.test">help@a.test</a> <a href="https://a.test">https://a.test</a> <a href="#top">up</a></mj-text>
    </mj-column></mj-section></mj-body></mjml>`,
}
const values = { company: "Q&A <Ltd>", name: "Änne", email: "a+b@a.test" }

test("the text part of a mail of tables is readable", async () => {
  const items = [
    { title: "Tulips", price: 4.5 },
    { title: "Soil & sand", price: "12" },
  ]
  expect((await rendered(renderer, newsletter, { ...values, items })).text).toMatchInlineSnapshot(`
    "Logo of Q&A <Ltd>

    Hello Änne

    First & second word.

    Next
    line.

    Right column

    Item Price
    Tulips €4.50
    Soil & sand €12.00

     * one
     * two

    Open <https://a.test/?e=a%2Bb@a.test>

    help@a.test https://a.test up
    "
  `)
})

test("blocks are decided in the text part as in the HTML", async () => {
  expect((await rendered(renderer, newsletter, values)).text).toMatchInlineSnapshot(`
    "Logo of Q&A <Ltd>

    Hello Änne

    First & second word.

    Next
    line.

    Right column

    Nothing was ordered.

     * one
     * two

    Open <https://a.test/?e=a%2Bb@a.test>

    help@a.test https://a.test up
    "
  `)
})

test("rows that are left out leave no empty lines", async () => {
  const row = (name: string) => `{{#if ${name}}}<tr><td>${name}</td><td>{{${name}}}</td></tr>{{/if}}`
  const body = html(`<table>${["a", "b", "c", "d"].map(row).join("\n")}</table>`)
  expect((await rendered(plain, body, { a: "1", d: "4" })).text).toBe("a 1\nd 4\n")
})

test("the own text part is taken as it is written", async () => {
  const mail = await rendered(
    plain,
    html("<p>HTML</p>", { text: "Hi {{name}},\n\n\n{{> sign}}\n", partials: { "sign.txt": "-- \nAnn" } }),
    {
      name: "<Änne>",
    },
  )
  expect(mail.text).toBe("Hi <Änne>,\n\n\n-- \nAnn\n")
})

test.each([
  ["a block inside a tag", `<p {{#if a}}class="x">yes{{else}}>no{{/if}}</p>`, { a: "1" }, "yes\n"],
  ["literal braces", "<p>&#123;&#123;a}} {{a}}</p>", { a: "1" }, "{{a}} 1\n"],
])("%s: the text is derived from each mail instead", async (_, body, variables, expected) => {
  expect((await rendered(plain, html(body), variables)).text).toBe(expected)
})

test("hidden text is left out, in either spelling", async () => {
  const body = `<div style="display:none">a</div><span style="color:red; display: none;">b</span><p>c</p>`
  expect((await rendered(plain, html(body))).text).toBe("c\n")
})
