import type { Clock } from "effect/Clock"
import type * as Effect from "effect/Effect"
import type { Random } from "effect/Random"
import type {
  ExecutionRow,
  Flag,
  FrequencyCap,
  Lead,
  NewExecution,
  NotFound,
  StorageError,
  UnknownPolicy,
} from "../../sdk/index.ts"
import type { LoadedDefinition } from "../campaign/definition.ts"
import type { CampaignClock } from "../campaign/record.ts"
import type { CancelOrders } from "../cancel-orders.ts"
import type { Committer } from "../committer.ts"
import type { EventBus } from "../event-bus.ts"
import type { HostStarts } from "../events/host-triggers.ts"
import type { LeadUnavailable } from "../lead-directory.ts"
import type { Problems } from "../problems.ts"
import type { Routes } from "../routing/routes.ts"
import type { Secrets } from "../secrets.ts"
import type { Shaper } from "../shaping/shaper.ts"
import type { Store } from "../store.ts"
import type { Templates } from "../templates.ts"
import type { LeaseTimes } from "./lease.ts"
import type { Progress, Successor } from "./progress.ts"

/** The services of the process that executions share. */
export interface ProcessServices {
  readonly store: Store["Service"]
  readonly committer: Committer["Service"]
  readonly bus: EventBus["Service"]
  readonly routes: Routes["Service"]
  readonly shaper: Shaper["Service"]
  /** How many mails each lead gets, from all campaigns together. */
  readonly frequency: FrequencyCap | undefined
  readonly templates: Templates["Service"]
  readonly secrets: Secrets["Service"]
  readonly problems: Problems["Service"]
  readonly clock: Clock
  readonly random: Random
  readonly leases: LeaseTimes
  /** How long a pump sleeps at most, milliseconds. */
  readonly longestSleepMs: number
  readonly cancelOrders: CancelOrders
  /** Who a lead is now, where the host keeps leads itself; absent: as stored. */
  readonly leadOf?: (id: string) => Effect.Effect<Lead | undefined, LeadUnavailable>
  /** What the host starts by triggers. */
  readonly hostStarts: HostStarts
  /** Runs something beside its caller; what it fails with is reported. */
  readonly fork: (work: Effect.Effect<unknown, { readonly message: string }>) => void
  /** Whether the runtime has given up waiting: what is not durable by now is in doubt. */
  readonly hasGivenUp: () => boolean
}

/** What became of a wish about one execution. */
export type SignalAnswer =
  /** It is done; the execution stands as `row` says. */
  | { readonly type: "applied"; readonly row: Pick<ExecutionRow, "state" | "context"> }
  /** Somebody works on the execution: it is applied when they are done. */
  | { readonly type: "flagged"; readonly row: ExecutionRow }
  /** Nothing to be done where it stands. */
  | { readonly type: "refused"; readonly row: ExecutionRow }
  | { readonly type: "missing" }

/** What an execution asks of its campaign. */
export interface CampaignOfExecution {
  readonly onUnknown: () => UnknownPolicy
  /**
   * What an execution follows: the definition that its lead entered with, unless an update was meant for what is under
   * way too. After an unknown attempt the one that this rendered, so that a resend has the same bytes.
   */
  readonly definition: (
    row: Pick<ExecutionRow, "definition" | "context">,
  ) => Effect.Effect<LoadedDefinition, StorageError | NotFound>
  /** How its time runs. */
  readonly time: () => CampaignClock
  /** What comes after this execution, which is done by this progress at this instant. */
  readonly successor: (
    ended: Pick<Progress, "row" | "context" | "events">,
    endedAt: number,
  ) => Effect.Effect<Successor, StorageError | NotFound>
  /** Hears of a successor that is durable now. */
  readonly onPlanned: (planned: NewExecution) => void
  /** Counts a plugin's defect: whether the execution is run again, or fails. */
  readonly onDefect: (executionId: string, defect: unknown) => Effect.Effect<"restart" | "fail">
  /** Stops starting executions until a person resumes. */
  readonly degrade: (cause: string) => Effect.Effect<void, StorageError>
  /** Hears of a storage that failed: a full one degrades the campaign, any other is reported. */
  readonly onStorageError: (error: StorageError) => Effect.Effect<void>
  /** Applies a wish or late evidence, and what follows from it for the campaign. */
  readonly signal: (
    id: string,
    flagFor: (row: ExecutionRow) => Flag,
  ) => Effect.Effect<SignalAnswer, StorageError | NotFound>
}
