import assert from "node:assert/strict"
import { createHmac } from "node:crypto"
import type { Message } from "sendstate/sdk"

/** The mails that arrived, and where to answer. */
export interface Arrived {
  /** Of the server on this machine, which serves what the mails name by its public address. */
  readonly url: string
  readonly webhookSecret: string
  readonly mails: ReadonlyArray<Message>
}

const post = (url: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, { method: "POST", body, headers, redirect: "manual" })

// As the provider's webhook does (Svix): over id, time and body.
const signed = (secret: string, id: string, body: string): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
  return { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,${mac}` }
}

/** Leaves, clicks, bounces and answers, one each. */
export const actAsRecipients = async ({ url, webhookSecret, mails }: Arrived): Promise<void> => {
  const to = (name: string): Message => {
    const mail = mails.find(({ envelope }) => envelope.to === `${name}@mail.example`)
    assert.ok(mail, `no mail for ${name}`)
    return mail
  }
  const here = (address: string): string => url + new URL(address).pathname

  // The button of a mail program, RFC 8058.
  const [leave = ""] = to("lea").listUnsubscribe?.urls ?? []
  assert.equal((await fetch(here(leave))).status, 200) // a scanner that opens the link changes nothing
  const left = await post(here(leave), "List-Unsubscribe=One-Click", {
    "content-type": "application/x-www-form-urlencoded",
  })
  assert.equal(left.status, 200)

  const [, link = ""] = /href="([^"]+)"/.exec(to("cleo").html ?? "") ?? []
  const followed = await fetch(here(link), { redirect: "manual" })
  assert.equal(followed.headers.get("location"), "https://shop.example/seeds")

  const bounce = JSON.stringify({
    type: "email.bounced",
    created_at: new Date().toISOString(),
    data: { to: ["bo@mail.example"], bounce: { message: "550 5.1.1 no such user" } },
  })
  assert.equal((await post(`${url}/webhooks/resend`, bounce)).status, 401) // not signed
  const told = await post(`${url}/webhooks/resend`, bounce, signed(webhookSecret, "msg_1", bounce))
  assert.equal(told.status, 200)

  const answer = await post(
    `${url}/inbound`,
    ["From: Rita <rita@mail.example>", `In-Reply-To: ${to("rita").messageId}`, "Subject: Re: Seeds", "", "Yes!"].join(
      "\r\n",
    ),
  )
  assert.equal(((await answer.json()) as { cancelled: number }).cancelled, 1)
}
