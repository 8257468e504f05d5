import type { Outcome, StepInput } from "../../src/sdk/index.ts"

/** One mail on a lead's way through a campaign. */
export interface MailOnWay {
  readonly name: string
  readonly outcome: Outcome | null
  /** Why it ended. */
  readonly code: string | undefined
}

type Mail = Exclude<StepInput, { readonly if: unknown }>

const nameOf = (step: Mail): string => step.name ?? step.template ?? ""

const namesIn = (step: StepInput): ReadonlyArray<string> =>
  "if" in step ? namesOf([...(step.do ?? []), ...(step.else ?? [])]) : [nameOf(step)]

/** The names of all mails, as rows count steps: a fork's `do` before its `else`. */
export const namesOf = (steps: ReadonlyArray<StepInput>): ReadonlyArray<string> => steps.flatMap(namesIn)

// What should come next, answered by what came; a side's first mail that is skipped by its question means the other side.
function* walk(steps: ReadonlyArray<StepInput>): Generator<string, void, MailOnWay> {
  for (const step of steps) {
    if (!("if" in step)) {
      yield nameOf(step)
      continue
    }
    const [first, ...rest] = step.do ?? []
    const came = yield nameOf(first as Mail)
    yield* walk(came.outcome === "skipped" && came.code === "condition" ? (step.else ?? []) : rest)
  }
}

/** What is wrong with a lead's way, oldest mail first, by the steps as users write them; `undefined` for nothing. */
export const flawOf = (
  steps: ReadonlyArray<StepInput>,
  mails: ReadonlyArray<MailOnWay>,
  mayEndEarly: boolean,
): string | undefined => {
  const way = walk(steps)
  let wanted = way.next(undefined as never)
  for (const [index, mail] of mails.entries()) {
    if (wanted.done === true) return `${mail.name} comes after the end`
    if (wanted.value !== mail.name) return `${mail.name} comes where ${wanted.value} should`
    if (mail.outcome !== "sent" && mail.outcome !== "skipped")
      return index < mails.length - 1 ? `${mail.name} did not go well, and something follows it` : undefined
    wanted = way.next(mail)
  }
  return wanted.done === true || mayEndEarly ? undefined : `${wanted.value} is missing after ${mails.at(-1)?.name}`
}
