import type { CancelAnswer, ControlAnswer, ControlCommand, StoreHandle } from "sendstate"
import { bucketOf } from "sendstate/sdk"
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
  /** What is done to so many of them: `run 3 executions again`. */
  readonly describe: (executions: string) => string
  readonly command: (ids: ReadonlyArray<string>) => ControlCommand
  readonly yes: boolean
  readonly json: boolean
  /** Said of what was left alone. */
  readonly note?: string
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

interface Answered {
  readonly id: string
  readonly answer: Answer
}

const tallyOf = (answers: ReadonlyArray<Answered>): Partial<Record<Answer, number>> => {
  const tally: Partial<Record<Answer, number>> = {}
  for (const { answer } of answers) tally[answer] = (tally[answer] ?? 0) + 1
  return tally
}

const controlAll = async (change: ExecutionChange): Promise<ReadonlyArray<Answered>> => {
  const ids = change.selected.rows.map(({ id }) => id)
  const answers: Answered[] = []
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

const writePreview = (output: Output, { selected, note }: ExecutionChange): void => {
  const { rows, unfit } = selected
  writeExecutions(output, rows.slice(0, shown))
  if (rows.length > shown) output.line(`  ... and ${countText(rows.length - shown, "more execution")}`)
  for (const row of unfit) output.line(`  ${row.id} is ${bucketOf(row)}: left alone`)
  if (note !== undefined) output.line(`  ${note}`)
}

const isChange = (answer: Answer): boolean =>
  answer === "applied" || answer === "requested" || answer === "cancelled" || answer === "inDoubt"

/** Shows what would be changed and asks; one alone was named on purpose. */
const agreed = async (output: Output, change: ExecutionChange): Promise<boolean> => {
  writePreview(output, change)
  const { length } = change.selected.rows
  return length === 1 || confirm(`${change.describe(countText(length, "execution"))}?`, change.yes)
}

/** Shows what would be changed, asks, changes it, and tells what became of each. */
export const changeExecutions = async (change: ExecutionChange): Promise<ExitCode> => {
  const output = change.json ? err : out
  const { rows, unfit, left } = change.selected
  const end = (answers: ReadonlyArray<Answered>, code: ExitCode): ExitCode => {
    const changed = answers.filter(({ answer }) => isChange(answer)).length
    if (change.hint !== undefined && changed > 0) output.line(`  ${change.hint}`)
    if (change.json)
      writeJson({
        changed,
        answers: tallyOf(answers),
        executions: answers,
        unfit: unfit.map(({ id }) => id),
        left: left.map(({ id }) => id),
      })
    return code
  }
  if (rows.length === 0) {
    output.line(unfit.length + left.length === 0 ? "There is no such execution." : "None of them is in a state for it.")
    for (const row of unfit) output.line(`  ${row.id} is ${bucketOf(row)}`)
    if (change.note !== undefined) output.line(`  ${change.note}`)
    return end([], unfit.length === 0 ? exitCodes.done : exitCodes.failures)
  }
  if (!(await agreed(output, change))) {
    output.line("Nothing was changed.")
    return end([], exitCodes.workRemains)
  }
  const answers = await controlAll(change)
  for (const [answer, count] of Object.entries(tallyOf(answers)))
    output.line(`  ${countText(count, "execution")}: ${meanings[answer as Answer]}`)
  const plain = answers.map(({ answer }) => answer)
  return end(answers, exitOf(plain, unfit.length))
}
