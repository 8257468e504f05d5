import * as Data from "effect/Data"

/** What every sendstate error carries beside its `_tag`. */
export interface ErrorDetails {
  /** What failed, where, and what to do next. Free text: never match on it. */
  readonly message: string
  /** Stable, machine-readable reason in kebab-case. Match on this one. */
  readonly code: string
  /** Whether the same call may succeed later without any change by a person. */
  readonly retryable: boolean
  /** What caused it, with its own stack. */
  readonly cause?: unknown
}

/** One thing that is wrong with an input: where, and why. */
export interface Issue {
  /** Path inside the input, for example `steps.0.template`; empty for the input itself. */
  readonly path: string
  readonly message: string
}

/** An argument, option, lead, campaign or template is not acceptable. Nothing was changed. */
export class InvalidInput extends Data.TaggedError("InvalidInput")<
  ErrorDetails & { readonly issues: ReadonlyArray<Issue> }
> {}

/** A campaign, execution, template or plugin was asked for that does not exist. */
export class NotFound extends Data.TaggedError("NotFound")<
  ErrorDetails & { readonly kind: string; readonly key: string }
> {}

/** The request contradicts what is stored; `differences` says in what. Nothing was changed. */
export class Conflict extends Data.TaggedError("Conflict")<
  ErrorDetails & { readonly differences: ReadonlyArray<Issue> }
> {}

/** The storage could not do what it was asked. `code` says why (`full`, `corrupt`, `newer-schema`, `unavailable`, ...). */
export class StorageError extends Data.TaggedError("StorageError")<
  ErrorDetails & {
    readonly storage: string
    /** Whether the write may have happened all the same: the caller re-reads, never assumes. */
    readonly indeterminate: boolean
  }
> {}

/** Another process owns a one-process store. Reading works; claiming does not. */
export class StorageOwned extends Data.TaggedError("StorageOwned")<
  ErrorDetails & { readonly storage: string; readonly ownerPid: number | undefined }
> {}

/** A template cannot be compiled, or cannot be rendered for one lead. */
export class RenderError extends Data.TaggedError("RenderError")<
  ErrorDetails & { readonly template: string; readonly issues: ReadonlyArray<Issue> }
> {}

/** A transport could not be set up, or broke its contract. Outcomes of a send are values, not errors. */
export class TransportError extends Data.TaggedError("TransportError")<ErrorDetails & { readonly transport: string }> {}

/** An optional package is not installed. The message holds the command that installs it. */
export class MissingDependency extends Data.TaggedError("MissingDependency")<
  ErrorDetails & { readonly dependency: string }
> {}

/** A deadline passed or the caller's AbortSignal fired before the work was done. What was acknowledged before stays. */
export class Interrupted extends Data.TaggedError("Interrupted")<ErrorDetails> {}

/** The runtime (or the campaign) is closed or closing and takes no new work. */
export class Closed extends Data.TaggedError("Closed")<ErrorDetails> {}

/** Everything that sendstate throws on purpose. */
export type SendstateError =
  | InvalidInput
  | NotFound
  | Conflict
  | StorageError
  | StorageOwned
  | RenderError
  | TransportError
  | MissingDependency
  | Interrupted
  | Closed
