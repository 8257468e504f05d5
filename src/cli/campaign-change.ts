import type { ControlCommand, StoreHandle } from "sendstate"
import type { CampaignState } from "sendstate/sdk"
import { type ExitCode, exitCodes } from "./exit-code.ts"
import { err, out, writeJson } from "./output.ts"
import { UsageError } from "./usage-error.ts"

type Action = Extract<ControlCommand, { type: "campaign" }>["action"]

/** Cancelling a large campaign takes its time, milliseconds. */
const deadlineMs = 300_000

const wanted: Partial<Record<Action, ReadonlyArray<CampaignState>>> = {
  pause: ["paused", "degraded"],
  resume: ["running", "completed"],
  cancel: ["cancelled"],
}

/** Asks the campaign's owner, or does it here when nobody runs it, and says where it stands then. */
export const changeCampaign = async (
  store: StoreHandle,
  id: string,
  action: Action,
  json: boolean,
): Promise<ExitCode> => {
  const result = await store.control({ type: "campaign", id, action }, { deadlineMs })
  if (result.type === "failed") throw new UsageError(result.message)
  if (result.type !== "campaign") throw new UsageError("The owner of the database gave an answer that makes no sense.")
  const { accepted, state } = result
  const isThere = wanted[action]?.includes(state) === true
  const output = json ? err : out
  if (accepted) output.line(`${id}: ${state}`)
  else output.line(`${id}: ${isThere ? `is ${state} already` : `cannot ${action}: it is ${state}`}`)
  if (json) writeJson({ campaign: id, action, accepted, state })
  return accepted || isThere ? exitCodes.done : exitCodes.failures
}
