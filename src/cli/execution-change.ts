import type { CancelAnswer, ControlAnswer, ControlCommand, StoreHandle } from "sendstate"
import { confirm } from "./confirmation.ts"
import { countText } from "./duration-text.ts"
import type { Selected } from "./execution-selection.ts"
import { writeExecutions } from "./execution-table.ts"
import { type ExitCode, exitCodes } from "./exit-code.ts"
import { err, type Output, out, writeJson } from "./output.ts"
import { UsageError } from "./usage-error.ts"

type Answer = CancelAnswer | ControlAnswer

/** A change of some executions. */
export interface ExecutionChange {
  readonly store: StoreHandle
  readonly selected: Selected
  /** What is done to them, for the question: `run again`. */
  readonly verb: string
  readonly command: (ids: ReadonlyArray<string>) => ControlCommand
  readonly yes: boolean
  readonly json: boolean
  /** Said when something was changed. */
  readonly hint?: string
}

/** So many that a cancel, which waits up to 5 s for a send, answers within the deadline. */
const batchSize = 50
const deadlineMs = 60_000
const shown = 5

const meanings: Readonly<Record<Answer, string>> = {
  applied: "done",
  requested: "asked for; what is under way decides",
  refused: "refused: not in a state for it",
  missing: "not there any more",
  cancelled: "cancelled: nothing was or will be sent",
  tooLate: "too late: it had ended",
  inDoubt: "cancelled, but an earlier attempt may have been delivered",
}

const controlAll = async (
  change: ExecutionChange,
): Promise<ReadonlyArray<{ readonly id: string; readonly answer: Answer }>> => {
  const ids = change.selected.rows.map(({ id }) => id)
  const answers: Array<{ readonly id: string; readonly answer: Answer }> = []
  for (let at = 0; at < ids.length; at += batchSize) {
    const batch = ids.slice(at, at + batchSize)
    const result = await change.store.control(change.command(batch), { deadlineMs })
    if (result.type === "failed") throw new UsageError(result.message)
    if (result.type !== "executions") continue
    for (const [index, answer] of result.answers.entries()) answers.push({ id: batch[index] ?? "", answer })
  }
  return answers
}

const exitOf = (answers: ReadonlyArray<Answer>, unfit: number): ExitCode => {
  if (answers.includes("inDoubt")) return exitCodes.inDoubt
  const vain = answers.some((answer) => answer === "refused" || answer === "missing" || answer === "tooLate")
  return vain || unfit > 0 ? exitCodes.failures : exitCodes.done
}

const writePreview = (output: Output, { selected }: ExecutionChange): void => {
  const { rows, unfit } = selected
  writeExecutions(output, rows.slice(0, shown))
  if (rows.length > shown) output.line(`  ... and ${countText(rows.length - shown, "more execution")}`)
  for (const row of unfit) output.line(`  ${row.id} is ${row.state}: left alone`)
}

/** Shows what would be changed, asks, changes it, and tells what became of each. */
export const changeExecutions = async (change: ExecutionChange): Promise<ExitCode> => {
  const { selected, verb, yes, json } = change
  const output = json ? err : out
  const { rows, unfit } = selected
  if (rows.length === 0) {
    output.line(unfit.length === 0 ? `There is nothing to ${verb}.` : `None of them can be changed so.`)
    for (const row of unfit) output.line(`  ${row.id} is ${row.state}`)
    if (json) writeJson({ changed: 0, answers: {}, executions: [], unfit: unfit.map(({ id }) => id) })
    return unfit.length === 0 ? exitCodes.done : exitCodes.failures
  }
  writePreview(output, change)
  // One that was named is no surprise; many are shown first.
  const asks = rows.length > 1
  if (
    asks &&
    !(await confirm(`${verb[0]?.toUpperCase()}${verb.slice(1)} ${countText(rows.length, "execution")}?`, yes))
  ) {
    output.line("Nothing was changed.")
    if (json) writeJson({ changed: 0, answers: {}, executions: [], unfit: unfit.map(({ id }) => id) })
    return exitCodes.workRemains
  }
  const answers = await controlAll(change)
  const counts = new Map<Answer, number>()
  for (const { answer } of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  for (const [answer, count] of counts) output.line(`  ${countText(count, "execution")}: ${meanings[answer]}`)
  const changed = answers.filter(
    ({ answer }) => answer === "applied" || answer === "requested" || answer === "cancelled" || answer === "inDoubt",
  )
  if (change.hint !== undefined && changed.length > 0) output.line(`  ${change.hint}`)
  if (json)
    writeJson({
      changed: changed.length,
      answers: Object.fromEntries(counts),
      executions: answers,
      unfit: unfit.map(({ id }) => id),
    })
  return exitOf(
    answers.map(({ answer }) => answer),
    unfit.length,
  )
}
