/** How long a simulation takes: `node --conditions=sendstate-source bench/simulate.ts [leads]`. Prints; asserts nothing. */
import { performance } from "node:perf_hooks"
import { simulate } from "sendstate/simulation"

const count = Number(process.argv[2] ?? "100000")
const week = 7 * 86_400

function* leads() {
  for (let index = 0; index < count; index += 1) yield { email: `lead${index}@x${index % 50}.test` }
}

const started = performance.now()
const { counts, finishedAt, startedAt, violations } = await simulate(
  { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }], onUnknown: "resend" },
  leads(),
  { transport: { temporary: 0.05, permanent: 0.01, unknown: 0.001, maxPerSecond: count / week } },
)
const seconds = (performance.now() - started) / 1_000
console.log(
  `${count} executions over ${(((finishedAt ?? Number.NaN) - startedAt) / 86_400_000).toFixed(1)} days in ${seconds.toFixed(1)} s (${Math.round((seconds / count) * 1e6)} us each): ${counts.sent} sent, ${counts.failed} failed, ${violations.length} violations`,
)
