import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type CompiledTemplate,
  contentHash,
  type Document,
  type Json,
  NotFound,
  type PreparedTemplate,
  RenderError,
  type Renderer,
  type StorageError,
  type TemplateSource,
} from "../sdk/index.ts"
import { latestPrefix } from "./campaign/planner.ts"
import { Store } from "./store.ts"

/** Prepared templates that are kept; a campaign has a handful. */
const cacheSize = 200

/** How long a template may take to load or compile, milliseconds. */
const compileDeadlineMs = 30_000

export type TemplateError = RenderError | NotFound | StorageError

const isTyped = (cause: unknown): cause is RenderError | NotFound =>
  cause instanceof RenderError || cause instanceof NotFound

const value = (json: unknown): Document["value"] => JSON.parse(JSON.stringify(json)) as { readonly [key: string]: Json }

/** Templates by content: loaded once, compiled once per version, kept in the storage so that a restart compiles nothing. */
export class Templates extends Context.Service<
  Templates,
  {
    readonly renderer: Renderer
    /** Loads a template by name, compiles and stores this version; answers its content hash. */
    readonly register: (name: string) => Effect.Effect<string, TemplateError>
    /** A version ready for rendering; for a name behind `latest:` the version that the renderer has now. */
    readonly prepared: (hash: string) => Effect.Effect<PreparedTemplate, TemplateError>
    /** A version as it was loaded. */
    readonly source: (hash: string) => Effect.Effect<TemplateSource, NotFound | StorageError>
  }
>()("sendstate/actors/Templates") {
  static readonly layer = (renderer: Renderer): Layer.Layer<Templates, never, Store> =>
    Layer.effect(
      Templates,
      Effect.gen(function* () {
        const store = yield* Store
        const cache = new Map<string, PreparedTemplate>()
        yield* Effect.addFinalizer(() =>
          Effect.ignore(
            Effect.timeoutOption(
              Effect.tryPromise(async () => renderer.close?.()),
              5_000,
            ),
          ),
        )

        const fail = (template: string) => (cause: unknown) =>
          isTyped(cause)
            ? cause
            : new RenderError({
                template,
                code: "renderer-threw",
                retryable: false,
                issues: [],
                cause,
                message: `The renderer "${renderer.name}" threw while it worked on the template "${template}": ${cause instanceof Error ? cause.message : String(cause)}`,
              })

        const call = <A>(
          template: string,
          body: (signal: AbortSignal) => Promise<A>,
        ): Effect.Effect<A, RenderError | NotFound> =>
          Effect.timeout(Effect.tryPromise({ try: body, catch: fail(template) }), compileDeadlineMs).pipe(
            Effect.catchTag("TimeoutError", () =>
              Effect.fail(
                new RenderError({
                  template,
                  code: "timeout",
                  retryable: true,
                  issues: [],
                  message: `The renderer "${renderer.name}" took longer than ${compileDeadlineMs / 1_000} s for the template "${template}".`,
                }),
              ),
            ),
          )

        const compiledKey = (hash: string): string => `${renderer.name}@${renderer.version}:${hash}`

        const compile = (hash: string, source: TemplateSource): Effect.Effect<CompiledTemplate, TemplateError> =>
          Effect.gen(function* () {
            const compiled = yield* call(source.name, (signal) => renderer.compile(source, { signal }))
            yield* store.use((driver) =>
              driver.writeDocuments([{ kind: "compiled", key: compiledKey(hash), value: value(compiled) }]),
            )
            return compiled
          })

        const source = (hash: string): Effect.Effect<TemplateSource, NotFound | StorageError> =>
          Effect.gen(function* () {
            const [document] = yield* store.use((driver) => driver.documents("template", [hash]))
            if (document !== undefined) return document.value as unknown as TemplateSource
            return yield* Effect.fail(
              new NotFound({
                kind: "template",
                key: hash,
                code: "template-missing",
                retryable: false,
                message: `The template version ${hash} is not in the storage. Restore it from a backup.`,
              }),
            )
          })

        const compiledOf = (hash: string): Effect.Effect<CompiledTemplate, TemplateError> =>
          Effect.gen(function* () {
            const [kept] = yield* store.use((driver) => driver.documents("compiled", [compiledKey(hash)]))
            if (kept !== undefined) return kept.value
            return yield* compile(hash, yield* source(hash))
          })

        const register = (name: string): Effect.Effect<string, TemplateError> =>
          Effect.gen(function* () {
            const loaded = yield* call(name, (signal) => renderer.load(name, { signal }))
            const hash = contentHash(loaded)
            const [stored] = yield* store.use((driver) => driver.documents("template", [hash]))
            if (stored === undefined)
              yield* store.use((driver) =>
                driver.writeDocuments([{ kind: "template", key: hash, value: value(loaded) }]),
              )
            yield* compiledOf(hash)
            return hash
          })

        // Whatever is wrong with a template that is looked up now concerns this one mail, and may be over at the next try.
        const latest = (name: string): Effect.Effect<string, RenderError | StorageError> =>
          Effect.catchTag(register(name), ["NotFound", "RenderError"], (error) =>
            Effect.fail(
              new RenderError({
                template: name,
                code: error._tag === "NotFound" ? "template-missing" : error.code,
                retryable: error._tag === "RenderError" && (error.retryable || error.code === "renderer-threw"),
                issues: error._tag === "NotFound" ? [] : error.issues,
                cause: error,
                message: error.message,
              }),
            ),
          )

        return Templates.of({
          renderer,
          source,
          register,
          prepared: (asked) =>
            Effect.gen(function* () {
              const hash = asked.startsWith(latestPrefix) ? yield* latest(asked.slice(latestPrefix.length)) : asked
              const cached = cache.get(hash)
              if (cached !== undefined) return cached
              const compiled = yield* compiledOf(hash)
              const ready = yield* Effect.try({ try: () => renderer.prepare(compiled), catch: fail(hash) })
              const oldest = cache.keys().next().value
              if (cache.size >= cacheSize && oldest !== undefined) cache.delete(oldest)
              cache.set(hash, ready)
              return ready
            }),
        })
      }),
    )
}
