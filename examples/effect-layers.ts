/** sendstate as an Effect service: node --conditions=sendstate-source examples/effect-layers.ts */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Sendstate } from "sendstate/effect"
import { handlebars } from "sendstate/renderer/handlebars"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { memory as memoryTransport } from "sendstate/transport/memory"

const program = Effect.gen(function* () {
  const sendstate = yield* Sendstate
  const campaign = yield* sendstate.create({ id: "hello", from: "ann@acme.example", steps: [{ template: "hello" }] })
  // Errors are typed: what is not caught here is in the type of `program`.
  const refusal = yield* Effect.flip(sendstate.create({ id: "hello", from: "nobody", steps: [] }))
  yield* Effect.forkScoped(
    Stream.runForEach(campaign.events, (event) => Effect.sync(() => console.log("event:", event.type))),
    { startImmediately: true },
  )
  yield* campaign.enroll([{ email: "ann@mail.example" }, { email: "bob@mail.example" }])
  yield* campaign.close
  return { refusal, counts: yield* campaign.completed }
})

// The runtime is opened with the layer and drained when its scope ends, also on interruption.
const live: Layer.Layer<Sendstate, Layer.Error<ReturnType<typeof Sendstate.layer>>> = Sendstate.layer({
  storage: memoryStorage(),
  transport: memoryTransport(),
  renderer: handlebars({ templates: { hello: { subject: "Hello", html: "<p>Hello</p>" } } }),
})

const { refusal, counts } = await Effect.runPromise(Effect.scoped(Effect.provide(program, live)))
console.log(refusal._tag, refusal.code)
console.log(`${counts.sent} of ${counts.planned} sent`)
assert.equal(counts.sent, 2)
