/** The contract of storages, tried on our own: node --conditions=sendstate-source --test examples/custom-storage/line-file.test.ts */
import { mkdtempSync, rmSync } from "node:fs"
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
      const storage = lineFile(join(folder, "campaigns.lines"))
      return {
        storage,
        open: async (mode = "own") => storage.open({ mode, now: () => 0 }),
        dispose: () => rmSync(folder, { recursive: true }),
      }
    },
  },
)
