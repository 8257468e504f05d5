import * as fc from "fast-check"
import { expect, test } from "vitest"
import { type LeadRow, readLeads } from "../../src/cli/lead-file.ts"
import { corpus, damaged, law, scratchFile, typedly } from "./corpus.ts"

const files = corpus("csv")

const rowsOf = async (path: string): Promise<ReadonlyArray<LeadRow>> => {
  const rows: LeadRow[] = []
  for await (const row of readLeads(path)) rows.push(row)
  return rows
}

const words = (row: LeadRow): string =>
  row.type === "lead"
    ? `${row.line} ${row.lead.email}`
    : row.type === "rejected"
      ? `${row.line} rejected`
      : `${row.line} duplicate of ${row.firstLine}`

const invalid = { refused: "InvalidInput invalid-lead-file" }

const expected: Readonly<Record<string, unknown>> = {
  blank: invalid,
  excel: ["2 a@x.test", "4 b@x.test"],
  "head-only": [],
  injection: ["2 rejected", "4 rejected"],
  "inner-quotes": ["2 a@x.test", "3 b@x.test"],
  latin1: ["2 rejected"],
  "no-end": ["2 a@x.test"],
  nothing: invalid,
  nul: ["2 rejected"],
  "old-mac": invalid,
  "open-quote": ["2 rejected", "3 b@x.test"],
  plain: ["2 a@x.test", "3 b@x.test"],
  prototype: invalid,
  ragged: ["2 rejected", "3 rejected", "4 c@x.test"],
  tabs: ["2 a@x.test"],
  twice: ["2 a@x.test", "3 duplicate of 2"],
  "two-columns-of-one-name": invalid,
  utf16: invalid,
}

test("each lead file of the corpus gives the leads that are in it, the reason line by line, or one typed error", async () => {
  const write = await scratchFile("leads.csv")
  const found: Record<string, unknown> = {}
  for (const [name, content] of files) {
    const path = await write(content)
    const rows = await typedly(() => rowsOf(path))
    found[name] = "refused" in rows ? rows : rows.map(words)
  }
  expect(found).toEqual(expected)
  expect("polluted" in {}).toBe(false)
})

test("whatever bytes a lead file has: every row is judged in order, and nothing but a whole address is a lead", async () => {
  const write = await scratchFile("leads.csv")
  const content = fc.oneof(
    damaged(files.map(([, bytes]) => bytes)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .string({ unit: fc.constantFrom(...'email,name;\t\n\r"@.xa \ufeff'), maxLength: 200 })
      .map((text) => Buffer.from(`email,name\n${text}`)),
  )
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      const path = await write(bytes)
      const rows = await typedly(() => rowsOf(path))
      if ("refused" in rows) return
      const lines = bytes.toString("latin1").split("\n").length
      let last = 1
      for (const row of rows) {
        expect(row.line).toBeGreaterThan(last)
        expect(row.line).toBeLessThanOrEqual(lines)
        last = row.line
        if (row.type === "lead") expect(row.lead.email).toMatch(/^[^\s@,;<>]+@[a-z0-9.-]+$/)
        if (row.type === "rejected") expect(row.reason).not.toBe("")
      }
    }),
    law(300),
  )
}, 60_000)
