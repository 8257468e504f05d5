import { domainOf } from "../../sdk/index.ts"
import type { Definition } from "../campaign/definition.ts"
import type { Finding } from "./warnings.ts"

/** From so many recipients on Gmail and Yahoo hold a sender to the rules for bulk mail. */
const bulkRecipients = 5_000

// Their owners publish a DMARC policy that refuses mail which they did not send.
const freemail =
  /^(gmail|googlemail|aol|icloud|me|mac|proton|protonmail|web|gmx|outlook|hotmail|live|msn|yahoo|ymail)\.(com|de|net|me|ch|fr|it|es|co\.uk|at)$/

const noReply = /^(no|do-?not|dont)[._-]?reply/i

// Without the list of public suffixes: the last two labels, or three where the second is one like `co` of `co.uk`.
const organisation = (domain: string): string => {
  const labels = domain.split(".")
  const count = /^(co|com|org|net|ac|gov|edu)$/.test(labels.at(-2) ?? "") ? 3 : 2
  return labels.slice(-count).join(".")
}

/** What is wrong with who sends and how one unsubscribes, for so many recipients. */
export const checkSender = (
  { from, replyTo, envelopeFrom, unsubscribe }: Definition,
  recipients: number,
): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const find = (code: string, message: string): void => void findings.push({ code, message })
  const domain = domainOf(from.address)
  const isBulk = recipients > bulkRecipients

  if (freemail.test(domain))
    find("from-freemail", `${domain} lets others refuse mail from it that it did not send: use a domain of your own.`)
  if (noReply.test(from.address) && (replyTo === null || noReply.test(replyTo.address)))
    find(
      "from-no-reply",
      "Nobody can answer: replies tell of wrong addresses and wishes, and count for you. Give an address that is read, or replyTo.",
    )
  if (organisation(domainOf(envelopeFrom)) !== organisation(domain))
    find(
      "from-not-aligned",
      `The bounce address is at ${domainOf(envelopeFrom)}, From at ${domain}: SPF does not speak for From then, and DMARC rests on DKIM of ${domain} alone.`,
    )
  if (unsubscribe === null)
    find(
      "unsubscribe-missing",
      `There is no way to unsubscribe: give the campaign unsubscribe.url.${isBulk ? " Gmail and Yahoo refuse bulk mail without one." : ""}`,
    )
  else {
    if (!/\{(token|leadId|executionId)\}/.test(unsubscribe.url))
      find(
        "unsubscribe-anonymous",
        "The address to unsubscribe is the same for everybody: put {token} into it, so that it says who.",
      )
    if (isBulk && !unsubscribe.oneClick)
      find(
        "one-click-missing",
        "Gmail and Yahoo ask bulk senders for one-click unsubscribing (RFC 8058): an https: URL that takes a POST.",
      )
  }
  if (isBulk)
    find(
      "bulk-sender",
      `Above ${bulkRecipients} recipients a day Gmail and Yahoo ask for SPF, DKIM and DMARC of ${domain}, and for complaints below 0.3 %. That cannot be seen from here: check it.`,
    )
  return findings
}
