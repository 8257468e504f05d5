/** What the suite is for: an author's own store, wrong in a way that its campaigns would show on a bad day only. */
import { spawn } from "node:child_process"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { lineFileBreaks } from "./line-file-breaks.ts"

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Runs the example's own test, with its storage broken so. */
const run = (broken: string): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const child = spawn(
      process.execPath,
      [
        "--conditions=sendstate-source",
        "--import",
        path("./break-line-file.ts"),
        "--test-reporter=tap",
        path("../../examples/custom-storage/line-file.test.ts"),
      ],
      { env: { ...env, BROKEN_LINE_FILE: broken }, stdio: ["ignore", "pipe", "inherit"] },
    )
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
    })
    child.on("error", reject)
    child.on("exit", (code) => resolve({ code, output }))
  })

describe("the example's file of lines fails its own suite when", () => {
  it.each(Object.entries(lineFileBreaks))("%s", { timeout: 60_000 }, async (name, { rule }) => {
    const { code, output } = await run(name)
    expect(output).toMatch(rule)
    expect(code).toBe(1)
  })
})
