import { chance } from "./chance.ts"

/** What the inbox does with one attempt to deliver. */
export type Fate =
  | "taken"
  /** 550 at RCPT, each time: nobody of that name lives here. */
  | "noSuchUser"
  /** 450 at the first try of a stranger; welcome when it comes again. */
  | "greylisted"
  /** 451 after the dot: not now. */
  | "busy"
  /** The mail is kept, and the connection dies before the reply: the sender cannot know. */
  | "replyLost"
  /** The connection dies and the mail with it: from outside it looks exactly like `replyLost`. */
  | "mailLost"

/** Tries in a row that may go wrong for one recipient: the demo shows recovery, not what happens without any. */
const failuresInARow = 3

/** What may happen to a mail that got as far as the dot, with its share of all tries. */
const afterTheDot: ReadonlyArray<readonly [Fate, share: number]> = [
  ["busy", 0.03],
  ["replyLost", 0.01],
  ["mailLost", 0.008],
]

const drawn = (recipient: string, attempt: number): Fate => {
  let rest = chance("after the dot", recipient, attempt)
  for (const [fate, share] of afterTheDot) {
    rest -= share
    if (rest < 0) return fate
  }
  return "taken"
}

/** Decided by the recipient and how often it was tried (from 1), so that each run of the demo goes the same way. */
export const fateOf = (recipient: string, attempt: number): Fate => {
  if (chance("550", recipient) < 0.015) return "noSuchUser"
  if (attempt === 1 && chance("greylisted", recipient) < 0.06) return "greylisted"
  return attempt % failuresInARow === 0 ? "taken" : drawn(recipient, attempt)
}
