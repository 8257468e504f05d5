import type { Condition } from "./condition.ts"
import type { NestedStep, Step } from "./step.ts"

type Draft = { -readonly [Key in keyof Step]: Step[Key] }

/** What a branch asks before the first mail of a side: asked in order, each with where it goes when it is false. */
interface Question {
  readonly if: Condition
  otherwise: number
}

type Timing = Pick<Step, "afterMs" | "on" | "waitUntil">

const timingOf = ({ afterMs, on, waitUntil }: Timing): Timing => ({
  afterMs,
  ...(on === undefined ? {} : { on }),
  ...(waitUntil === undefined ? {} : { waitUntil }),
})

/** Steps that make no sequence. */
export class SequenceProblem extends Error {}

const isPrompt = ({ afterMs, on, waitUntil }: Timing): boolean =>
  afterMs === 0 && on === undefined && waitUntil === undefined

/**
 * The nested steps as one list in which each says what follows: so a row needs to know nothing but its index. The first
 * mail of a branch carries the branch's time and question; when the answer is no, the other side's first mail follows.
 *
 * @throws SequenceProblem for a first mail of a branch that has a time of its own.
 */
export const flattenSteps = (nested: ReadonlyArray<NestedStep>): ReadonlyArray<Step> => {
  const steps: Draft[] = []

  // Appends a list; answers where to set `next` of what ends it, once that is known.
  const append = (list: ReadonlyArray<NestedStep>, timing: Timing | undefined, questions: ReadonlyArray<Question>) => {
    let loose: Array<(index: number) => void> = []
    for (const [position, step] of list.entries()) {
      const join = steps.length
      for (const set of loose) set(join)
      const isFirst = position === 0
      if (isFirst && timing !== undefined && !isPrompt(step))
        throw new SequenceProblem(
          "the first mail of a branch is sent when the branch is decided: write its after, on or waitUntil beside if",
        )
      const due = isFirst && timing !== undefined ? timing : timingOf(step)
      const asked = isFirst ? questions : []
      loose = step.if === undefined ? appendMail(step, due, asked) : appendBranch(step, due, asked)
    }
    return loose
  }

  const appendMail = (
    {
      when,
      afterMs: _afterMs,
      on: _on,
      waitUntil: _waitUntil,
      ...mail
    }: Extract<NestedStep, { readonly template: string }>,
    due: Timing,
    questions: ReadonlyArray<Question>,
  ) => {
    const own: Question | undefined = when === undefined ? undefined : { if: when, otherwise: -1 }
    const asked = own === undefined ? [...questions] : [...questions, own]
    const draft: Draft = { ...mail, ...due, ...(asked.length === 0 ? {} : { when: asked }) }
    steps.push(draft)
    const index = steps.length - 1
    return [
      (next: number) => {
        if (next !== index + 1) draft.next = next
        if (own !== undefined) own.otherwise = next
      },
    ]
  }

  const appendBranch = (
    step: Extract<NestedStep, { readonly if: Condition }>,
    due: Timing,
    questions: ReadonlyArray<Question>,
  ) => {
    // A side without mails is the other one's answer no.
    const swapped = step.do.length === 0
    const [first, second] = swapped ? [step.else, step.do] : [step.do, step.else]
    const question: Question = { if: swapped ? { not: step.if } : step.if, otherwise: -1 }
    const loose = append(first, due, [...questions, question])
    if (second.length === 0) {
      loose.push((next) => {
        question.otherwise = next
      })
      return loose
    }
    question.otherwise = steps.length
    return [...loose, ...append(second, { afterMs: 0 }, [])]
  }

  for (const set of append(nested, undefined, [])) set(steps.length)
  return steps
}
