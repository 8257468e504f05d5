import type { Transport } from "sendstate/sdk"
import type { ProviderName } from "./listed-transport.ts"

/** A transport of a run. */
export interface RunTransport {
  /** Absent: the only one, that nobody gave a name. */
  readonly name: string | undefined
  readonly provider: ProviderName
  readonly transport: Transport
  /** How it is shown: where it is, without user, password and key. */
  readonly shown: string
  /** Its share beside the others; 0: only when those are out. */
  readonly weight: number
  /** Domains of From addresses that it takes; `undefined`: all. */
  readonly senders: ReadonlyArray<string> | undefined
  /** What to do when it cannot be used, as sentences without a full stop. */
  readonly advice: {
    readonly absent: string
    readonly refused: string
  }
}
