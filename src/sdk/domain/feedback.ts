/** What came back about a mail after it was accepted. */
export type FeedbackType =
  /** It is in the mailbox, as far as the last server knows. */
  | "delivered"
  /** A server on the way still tries; nothing is decided. */
  | "deferred"
  /** It could not be delivered. */
  | "bounced"
  /** The recipient called it spam. */
  | "complained"
  | "opened"
  | "clicked"
  /** A person answered; automatic answers are not replies. */
  | "replied"
  /** The recipient wants no more of it. */
  | "unsubscribed"

/** Why a mail bounced. */
export interface Bounce {
  /** `hard`: the address will never work. `soft`: full, policy, reputation, size: the next mail may arrive. */
  readonly kind: "hard" | "soft"
  /** RFC 3463, for example `5.1.1`. */
  readonly enhancedCode?: string
  /** The other side's words; may hold addresses. */
  readonly text?: string
}

/** One thing that came back about one mail, whoever told it: a mail server, a provider, a handler of our own. */
export interface Feedback {
  /** The same for every copy of the same news: tells it apart from what was heard before. */
  readonly id: string
  readonly type: FeedbackType
  /** When it happened, epoch ms; absent when the other side does not say. */
  readonly at?: number
  /** The execution, where the mail can be recognised as ours. */
  readonly executionId?: string
  /** The address that it is about, where it is named. */
  readonly email?: string
  /** Present for `bounced` and `deferred`. */
  readonly bounce?: Bounce
  /** The link, for `clicked`. */
  readonly url?: string
  /**
   * Whether it comes from somebody who is known: a webhook that is signed, a link that we signed, the host itself. A mail
   * proves nothing: it is believed about a mail of ours that it names, and about no address that it only mentions.
   */
  readonly authentic?: boolean
}
