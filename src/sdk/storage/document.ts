import type { Json } from "../domain/lead.ts"

/**
 * What is stored beside executions, by kind and key.
 *
 * `campaign`: status and clock; the storage reads `value.state` when it checks an intent (only `running` may start
 * sends; `cancelled` is told apart). `definition`, `template`, `compiled`, `attachment`: by content hash.
 * `events`: what happened to a lead, by its id. `signal`: an event whose consequences are being drawn, by its id. `trigger`: until when a
 * campaign's trigger by time has fired.
 * `suppression`: its existence suppresses. `secret`: what signs links and hashes addresses. `feedback`: what
 * came back about a mail or from an address. `control`: requests of other processes. `limiter`: what was set aside of each
 * limit. `frequency`: when a lead got its latest mails. `setting`: everything small.
 */
export type DocumentKind =
  | "campaign"
  | "definition"
  | "template"
  | "compiled"
  | "attachment"
  | "lead"
  | "events"
  | "signal"
  | "trigger"
  | "suppression"
  | "secret"
  | "feedback"
  | "control"
  | "circuit"
  | "limiter"
  | "frequency"
  | "setting"

/** A keyed JSON value with a version that each write raises by one. */
export interface Document {
  readonly kind: DocumentKind
  readonly key: string
  /** 1 for the first write. */
  readonly version: number
  readonly value: { readonly [key: string]: Json }
}

/** One atomic write of one document. */
export interface DocumentWrite {
  readonly kind: DocumentKind
  readonly key: string
  /** The version that must be there: 0 for none; absent: whatever is there. */
  readonly expected?: number
  /** `null` deletes. */
  readonly value: { readonly [key: string]: Json } | null
}

/** What became of one write. */
export type DocumentWriteResult =
  | { readonly type: "ok"; readonly version: number }
  /** Another version is there. Nothing was written. */
  | { readonly type: "conflict"; readonly version: number }
