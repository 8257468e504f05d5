import { execFile } from "node:child_process"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, test } from "vitest"

const child = fileURLToPath(new URL("./bomb-process.ts", import.meta.url))

test.each(["handlebars", "mjml"])(
  "a megabyte of tags is refused by %s, and the whole process stays small",
  async (renderer) => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=sendstate-source", child, renderer])
    const { code, grownMb } = JSON.parse(stdout) as { readonly code: string; readonly grownMb: number }
    expect(code).toBe("template-invalid")
    expect(grownMb).toBeLessThan(64)
  },
)
