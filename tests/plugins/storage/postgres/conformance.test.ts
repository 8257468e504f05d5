import { storageConformance } from "sendstate/testing"
import { describe, it } from "vitest"
import { noServer, postgresSubject } from "./server.ts"

if (noServer === undefined)
  storageConformance({ describe, it }, { name: "postgres", create: postgresSubject, stories: 12 })
else it("postgres", ({ skip }) => skip(noServer))
