import type { Transport } from "sendstate/sdk"

/** How the other side treats the next mails. */
export type Mood =
  /** Takes every mail. */
  | "takes"
  /** Knows no such recipient, for good. */
  | "refuses"
  /** Cannot take it now; later perhaps. */
  | "busy"
  /** Is given the whole mail, and never answers. */
  | "silent"
  /** Cannot be reached at all. */
  | "gone"

/** One copy of a mail, as the other side has it. */
export interface Received {
  /** Recipient of the envelope. */
  readonly to: string
  readonly messageId: string
}

/** A transport under test, and the other side that it talks to. */
export interface TransportSubject {
  readonly transport: Transport
  /** Every copy that the other side has taken so far; looked at during a call too, so it answers at once. */
  readonly received: () => ReadonlyArray<Received>
  /** Changes the other side; called only with moods that the options name, and before the call that it is for. */
  readonly mood: (mood: Mood) => unknown
  /** Gives everything back. */
  readonly dispose?: () => unknown
}
