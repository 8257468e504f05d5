import type { Core } from "./core.ts"

/** Runs a scheduled execution now, whatever its time; `false` for any other. Answers when the try is over. */
export const forceExecution = async (core: Core, id: string): Promise<boolean> => {
  const view = await core.viewLater()
  if (view.get(id)?.status !== "scheduled") return false
  core.requireSending()
  const { runtime, feed } = await core.open()
  const answer = await runtime.executions.runNow(core.ledger.nativeId(id))
  await feed.settle()
  return answer === "applied"
}
