/** The contract of storages, tried on our own: node --conditions=sendstate-source --test examples/custom-storage/line-file.test.ts */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { storageConformance } from "sendstate/testing"
import { lineFile } from "./line-file.ts"

storageConformance(
  { describe, it },
  {
    name: "line-file",
    stories: 10, // each step is a sync
    create: () => {
      const folder = mkdtempSync(join(tmpdir(), "sendstate-example-"))
      const file = join(folder, "campaigns.lines")
      const storage = lineFile(file)
      return {
        storage,
        open: async (mode = "own") => storage.open({ mode, now: () => 0 }),
        // Who is killed closes nothing, and leaves the line that it was writing.
        crash: async () => appendFileSync(file, '[["execution/a-write-that-was-cut'),
        dispose: () => rmSync(folder, { recursive: true }),
      }
    },
  },
)
