import { addressKey, parseAddress } from "sendstate/sdk"
import type { MailServerPackages } from "./mail-server-packages.ts"

/** One spelling per mailbox: smtp-server and mailparser show a domain in Unicode, at the wire it is an A-label. */
export const spelled = (address: string): string => addressKey(parseAddress(address))

/** The Message-ID of a mail as it came over the wire, from its header alone; empty when there is none. */
export const messageIdIn = (raw: Buffer): string => {
  const end = raw.indexOf("\r\n\r\n")
  const header = raw.toString("latin1", 0, end < 0 ? raw.length : end)
  return /^message-id:\s*(<[^<>\s]+>)/im.exec(header)?.[1] ?? ""
}

/** What is wrong with a mail as mailparser, which is no part of sendstate, reads it; empty for a good one. */
export const faultsOf = async (
  raw: Buffer,
  recipient: string,
  parse: MailServerPackages["simpleParser"],
): Promise<ReadonlyArray<string>> => {
  const mail = await parse(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true })
  const faults: Array<string> = []
  const to = [mail.to ?? []].flat().flatMap(({ value }) => value.map(({ address = "" }) => address))
  if (to.length !== 1 || spelled(to[0] ?? "") !== recipient) faults.push(`To says ${to.join(", ")}`)
  if (mail.from?.value.length !== 1) faults.push("not exactly one From")
  if (mail.date === undefined) faults.push("no Date")
  if (mail.messageId !== messageIdIn(raw)) faults.push(`Message-ID reads ${mail.messageId}`)
  for (const part of ["subject", "text", "html"] as const) {
    const content = mail[part]
    if (typeof content !== "string" || content === "") faults.push(`no ${part}`)
    else if (content.includes("{{")) faults.push(`unfilled ${part}`)
  }
  return faults
}
