import { storageConformance } from "sendstate/testing"
import { describe, it } from "vitest"
import { stores } from "./stores.ts"

/** Files cost a sync for each write. */
const stories: Readonly<Record<string, number>> = { memory: 250, sqlite: 25, lowdb: 12 }

for (const [name, create] of Object.entries(stores))
  storageConformance({ describe, it }, { name, create, stories: stories[name] })
