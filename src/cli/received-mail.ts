import type { FeedbackAnswer, ReceiveResult } from "sendstate"
import type { Feedback } from "sendstate/feedback"
import { countText } from "./duration-text.ts"
import { type Output, printable } from "./output.ts"

/** What one mail did. */
export interface ReceivedMail extends Omit<ReceiveResult, "lead"> {
  /** What a mail server or provider reports in it. */
  readonly feedback: ReadonlyArray<{ readonly told: Feedback; readonly answer: FeedbackAnswer }>
}

const nameOf = ({ type, bounce }: Feedback): string => {
  const code = bounce?.enhancedCode === undefined ? "" : ` ${bounce.enhancedCode}`
  switch (type) {
    case "bounced":
      return `${bounce?.kind === "hard" ? "Hard" : "Soft"} bounce${code}`
    case "complained":
      return "Complaint"
    case "unsubscribed":
      return "Wish to unsubscribe"
    case "deferred":
      return `Delay${code}`
    case "delivered":
      return "Delivery"
    default:
      return type
  }
}

const outcomes: Readonly<Record<FeedbackAnswer["outcome"], string>> = {
  suppressed: "the address is suppressed",
  recorded: "noted",
  repeated: "heard before, nothing was done",
  unmatched: "about no mail of this database, nothing was done",
}

const reasons: Readonly<Record<NonNullable<ReceivedMail["ignored"]>, string>> = {
  automatic: "a program wrote it, and it is neither a bounce nor a complaint",
  "no-sender": "it names no sender that could be mailed",
  own: "it is a mail of this database that came back",
  "unknown-sender": "no lead wrote it, and no trigger asks for it",
}

/** What it did, for people. */
export const writeReceived = (output: Output, received: ReceivedMail): void => {
  const { feedback, answers, cancelled, enrolled, started, ignored } = received
  for (const { told, answer } of feedback) {
    const mail = answer.executionId === undefined ? "" : ` of ${answer.executionId}`
    output.line(printable(`${nameOf(told)}${mail}: ${outcomes[answer.outcome]}.`))
  }
  if (ignored !== null) output.line(`Ignored: ${reasons[ignored]}.`)
  else if (feedback.length === 0) {
    const mail = answers === null ? "A mail of a person" : `An answer to ${answers}`
    const campaigns = `enrolled into ${countText(enrolled, "campaign")} by triggers`
    const byHost = started > 0 ? `, ${started} started by its host` : ""
    output.line(`${mail}: ${countText(cancelled, "mail")} cancelled, ${campaigns}${byHost}.`)
  }
}

/** The same as the one object of `--json`. */
export const receivedObject = ({ feedback, ...rest }: ReceivedMail): Record<string, unknown> => ({
  feedback: feedback.map(({ told: { type, bounce }, answer: { outcome, executionId } }) => ({
    type,
    bounce: bounce?.kind ?? null,
    code: bounce?.enhancedCode ?? null,
    execution: executionId ?? null,
    outcome,
  })),
  ...rest,
})
