import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { withoutAddresses } from "../sdk/index.ts"

/** Something that went wrong beside the mails: a failing storage, a throwing observer. */
export interface Problem {
  /** Epoch ms. */
  readonly at: number
  readonly text: string
}

const kept = 20

/** The latest problems, for `health()`: a library does not write to anybody's console. */
export class Problems extends Context.Service<
  Problems,
  { readonly report: (text: string) => void; readonly latest: () => ReadonlyArray<Problem> }
>()("sendstate/actors/Problems") {
  static readonly layer: Layer.Layer<Problems> = Layer.effect(
    Problems,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let latest: ReadonlyArray<Problem> = []
      return Problems.of({
        report: (text) => {
          latest = [...latest, { at: clock.currentTimeMillisUnsafe(), text: withoutAddresses(text) }].slice(-kept)
        },
        latest: () => latest,
      })
    }),
  )
}
