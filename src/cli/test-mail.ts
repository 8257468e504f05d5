import { randomUUID } from "node:crypto"
import { domainOf, type Message, parseAddress, type SendOutcome, type Transport } from "sendstate/sdk"

const deadlineMs = 60_000

/** Sends a mail that was made for somebody else to this address, once, under a Message-ID of its own. */
export const sendTestMail = async (transport: Transport, mail: Message, address: string): Promise<SendOutcome> => {
  const to = parseAddress(address)
  const id = randomUUID()
  return transport.send(
    {
      ...mail,
      // A mailbox that has seen this Message-ID would hide the second try.
      messageId: `<test-${id}@${domainOf(mail.from.address)}>`,
      date: Date.now(),
      to: { address: to },
      envelope: { ...mail.envelope, to },
    },
    { signal: AbortSignal.timeout(deadlineMs), idempotencyKey: id, attempt: 1, handoff: () => undefined },
  )
}
