import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createTransport } from "nodemailer"
import type { SendOutcome, Transport } from "sendstate/sdk"
import { faultyTransport, type Mood, type TransportSubject, transportConformance } from "sendstate/testing"
import { http } from "sendstate/transport/http"
import { type MemoryTransport, memory } from "sendstate/transport/memory"
import { nodemailer } from "sendstate/transport/nodemailer"
import { postmark } from "sendstate/transport/postmark"
import { resend } from "sendstate/transport/resend"
import { ses } from "sendstate/transport/ses"
import { smtp } from "sendstate/transport/smtp"
import { describe, expect, it } from "vitest"
import { jsonLines } from "../../examples/custom-transport/json-lines.ts"
import { failuresOf } from "./collecting-runner.ts"
import { addressIn, moodyApi } from "./mail-api.ts"
import { moodyServer } from "./mail-server.ts"

const runner = { describe, it }
const everyMood = ["refuses", "busy", "silent", "gone"] as const
const secret = "s3cret-canary"

const untilAborted = (signal: AbortSignal): Promise<SendOutcome> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve({ type: "unknown", stage: "data-sent" }), { once: true })
  })

const says: Partial<Record<Mood, SendOutcome>> = {
  refuses: { type: "rejected", scope: "recipient", retryable: false, code: "550" },
  busy: { type: "rejected", scope: "recipient", retryable: true, code: "450" },
  gone: { type: "rejected", scope: "host", retryable: true, code: "connection-refused" },
}

const receivedBy = (inbox: MemoryTransport) => () =>
  inbox.sent.map(({ message }) => ({ to: message.envelope.to, messageId: message.messageId }))

/** The memory transport, with whatever is in between. */
const inMemory = (around: (inbox: Transport) => Transport = (inbox) => inbox): TransportSubject => {
  let mood: Mood = "takes"
  const inbox = memory({
    idempotent: { ttlMs: 60_000 },
    lookup: true,
    outcome: (_message, { signal }) =>
      mood === "silent" ? untilAborted(signal) : (says[mood] ?? { type: "accepted" }),
  })
  const moody: Transport = {
    ...inbox,
    verify: async () => {
      const verdict = mood === "gone" ? says.gone : undefined
      return verdict?.type === "rejected" ? verdict : undefined
    },
  }
  return {
    transport: around(moody),
    received: receivedBy(inbox),
    mood: (next) => {
      mood = next
    },
  }
}

const all = ["handoff", "idempotent", "lookup", "verify"] as const

transportConformance(runner, { name: "memory", declares: all, moods: everyMood, create: () => inMemory() })

transportConformance(runner, {
  name: "memory behind faultyTransport",
  declares: all,
  moods: everyMood,
  create: () => inMemory((inbox) => faultyTransport(inbox, () => undefined)),
})

transportConformance(runner, {
  name: "smtp",
  declares: ["handoff", "verify"],
  moods: everyMood,
  secrets: [secret],
  create: async () => {
    const { server, ...otherSide } = await moodyServer()
    return { transport: smtp(`smtp://ann:${secret}@127.0.0.1:${server.port}`), ...otherSide }
  },
})

transportConformance(runner, {
  name: "nodemailer",
  declares: ["verify"],
  // It cannot tell a host that is gone from a mail that was taken: tests/plugins/transport/nodemailer.
  moods: ["refuses", "busy", "silent"],
  secrets: [secret],
  create: async () => {
    const { server, ...otherSide } = await moodyServer()
    const auth = { user: "ann", pass: secret }
    const transporter = createTransport({ host: "127.0.0.1", port: server.port, ignoreTLS: true, auth })
    return { transport: nodemailer(transporter), ...otherSide }
  },
})

transportConformance(runner, {
  name: "http",
  declares: ["handoff", "idempotent"],
  moods: everyMood,
  secrets: [secret],
  create: async () => {
    const { url, ...otherSide } = await moodyApi({
      mailIn: (body) => ({ to: addressIn(body.to), messageId: String(body.messageId) }),
    })
    const transport = http({
      url,
      headers: { authorization: `Bearer ${secret}` },
      idempotencyHeader: "idempotency-key",
      idempotencyTtlMs: 60_000,
      body: ({ messageId, envelope }) => ({ messageId, to: envelope.to }),
      outcome: ({ status }) =>
        status === 422 ? { type: "rejected", scope: "recipient", retryable: false, code: "422" } : undefined,
    })
    return { transport, ...otherSide }
  },
})

transportConformance(runner, {
  name: "resend",
  declares: ["handoff", "idempotent", "verify"],
  moods: everyMood,
  secrets: [secret],
  create: async () => {
    const { url, ...otherSide } = await moodyApi({
      mailIn: (body) => ({
        to: addressIn(body.to),
        messageId: String((body.headers as Record<string, string> | undefined)?.["Message-ID"]),
      }),
    })
    return { transport: resend({ apiKey: `re_${secret}`, baseUrl: url }), ...otherSide }
  },
})

transportConformance(runner, {
  name: "postmark",
  declares: ["handoff", "lookup", "verify"],
  moods: everyMood,
  secrets: [secret],
  create: async () => {
    const { url, ...otherSide } = await moodyApi({
      mailIn: ({ To, Headers }) => ({
        to: addressIn(To),
        messageId: (Headers as ReadonlyArray<{ Name: string; Value: string }>)
          .filter(({ Name }) => Name === "Message-ID")
          .map(({ Value }) => Value)
          .join(),
      }),
      replies: {
        takes: [200, { ErrorCode: 0, Message: "OK", MessageID: "b7bc" }],
        refuses: [422, { ErrorCode: 406, Message: "You tried to send to a recipient that is inactive." }],
        busy: [429, { ErrorCode: 429, Message: "Rate limit exceeded." }],
      },
      find: (path, taken) => {
        const execution = new URLSearchParams(path.split("?")[1]).get("metadata_sendstate")
        if (execution === null) return undefined
        const found = taken.filter(({ Metadata }) => (Metadata as { sendstate: string }).sendstate === execution)
        return { TotalCount: found.length, Messages: found.map(() => ({ MessageID: "b7bc" })) }
      },
    })
    return { transport: postmark({ serverToken: secret, baseUrl: url }), ...otherSide }
  },
})

transportConformance(runner, {
  name: "ses",
  declares: ["handoff", "verify"],
  // What SES thinks of a recipient it tells in events, later.
  moods: ["busy", "silent", "gone"],
  secrets: [secret],
  create: async () => {
    const { url, ...otherSide } = await moodyApi({
      mailIn: ({ Destination, Content }) => {
        const { Data } = (Content as { Raw: { Data: string } }).Raw
        const [, messageId = ""] = /^Message-ID:\s*(\S+)/im.exec(Buffer.from(Data, "base64").toString()) ?? []
        return { to: addressIn((Destination as { ToAddresses: ReadonlyArray<string> }).ToAddresses), messageId }
      },
      replies: {
        takes: [200, { MessageId: "0100" }],
        busy: [429, { message: "Too many." }, { "x-amzn-errortype": "TooManyRequestsException" }],
      },
    })
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: secret }
    return { transport: ses({ region: "eu-central-1", credentials, baseUrl: url }), ...otherSide }
  },
})

transportConformance(runner, {
  name: "json-lines of the examples",
  declares: ["handoff", "lookup"],
  moods: [],
  create: () => {
    const folder = mkdtempSync(join(tmpdir(), "sendstate-lines-"))
    const file = join(folder, "outbox.jsonl")
    const lines = () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [])
    return {
      transport: jsonLines({ file }),
      received: () =>
        lines().map((line) => {
          const { envelope, messageId } = JSON.parse(line)
          return { to: envelope.to, messageId }
        }),
      mood: () => undefined,
      dispose: () => rmSync(folder, { recursive: true }),
    }
  },
})

type Send = Transport["send"]

/** One rule broken each. */
const breaks: Readonly<Record<string, (inbox: Transport) => Partial<Transport>>> = {
  "it sends two copies": ({ send }) => ({
    send: async (message, context) => {
      await send(message, { ...context, idempotencyKey: `${context.idempotencyKey}-again` })
      return send(message, context)
    },
  }),
  "it sends nothing and says accepted": () => ({
    send: async (_message, { handoff }) => {
      handoff()
      return { type: "accepted" }
    },
  }),
  "it never signals the handoff": ({ send }) => ({
    send: (message, context) => send(message, { ...context, handoff: () => {} }),
  }),
  "it signals the handoff too late": ({ send }) => ({
    send: async (message, context) => {
      const outcome = await send(message, { ...context, handoff: () => {} })
      context.handoff()
      return outcome
    },
  }),
  "it goes on when the handoff throws": ({ send }) => ({
    send: (message, context) =>
      send(message, {
        ...context,
        handoff: () => {
          try {
            context.handoff()
          } catch {
            // Just the bug.
          }
        },
      }),
  }),
  "it takes whatever recipient": ({ send }) => ({
    send: (message, context) =>
      send({ ...message, envelope: { ...message.envelope, to: "bob@example.test" } }, context),
  }),
  "it changes the message": ({ send }) => ({
    send: (message, context) => {
      Object.assign(message.headers, { "X-Sent": "yes" })
      return send(message, context)
    },
  }),
  "it does not look at an aborted signal": ({ send }) => ({
    send: (message, context) => send(message, { ...context, signal: new AbortController().signal }),
  }),
  "it never ends": () => ({ send: () => new Promise(() => {}) }),
  "it says rejected for what it does not know": ({ send }) => ({
    send: async (message, context) => {
      const outcome = await send(message, context)
      return outcome.type === "unknown"
        ? { type: "rejected", scope: "host", retryable: true, code: "timeout" }
        : outcome
    },
  }),
  "it calls every refusal final": ({ send }) => ({
    send: async (message, context) => {
      const outcome = await send(message, context)
      return outcome.type === "rejected" ? { ...outcome, retryable: false } : outcome
    },
  }),
  "it tries every refusal again": ({ send }) => ({
    send: async (message, context) => {
      const outcome = await send(message, context)
      return outcome.type === "rejected" ? { ...outcome, retryable: true } : outcome
    },
  }),
  "it blames the recipient for everything": ({ send }) => ({
    send: async (message, context) => {
      const outcome = await send(message, context)
      return outcome.type === "rejected" ? { ...outcome, scope: "recipient" } : outcome
    },
  }),
  "it forgets its keys": ({ send }) => {
    let calls = 0
    const forgetful: Send = (message, context) => {
      calls += 1
      return send(message, { ...context, idempotencyKey: `${context.idempotencyKey}-${calls}` })
    }
    return { send: forgetful }
  },
  "it finds what was never sent": () => ({ lookup: async () => ({ type: "accepted" }) }),
  "it denies what it sent": () => ({ lookup: async () => ({ type: "notFound" }) }),
  "its verify sends a mail": ({ send }) => ({
    verify: async (signal) => {
      const message = {
        messageId: "<probe@acme.test>",
        date: 0,
        from: { address: "a@acme.test" },
        to: { address: "b@example.test" },
        envelope: { from: "a@acme.test", to: "b@example.test" },
        subject: "",
        text: "",
        headers: {},
        attachments: [],
      }
      await send(message, { signal, idempotencyKey: "probe", attempt: 1, handoff: () => {} })
      return undefined
    },
  }),
  "its verify is always happy": () => ({ verify: async () => undefined }),
  "it shows its password": ({ send }) => ({
    send: async (message, context) => {
      const outcome = await send(message, context)
      return outcome.type === "rejected" ? { ...outcome, response: `login with ${secret} failed` } : outcome
    },
  }),
  "it answers nonsense": () => ({ send: async () => ({ type: "fine" }) as unknown as SendOutcome }),
  "it promises more at once than it can": (inbox) => {
    let running = 0
    return {
      capabilities: { ...inbox.capabilities, maxConcurrency: 4 },
      send: async (message, context) => {
        if (running > 0) return { type: "rejected", scope: "host", retryable: true, code: "busy" }
        running += 1
        await new Promise((resolve) => setTimeout(resolve, 5))
        running -= 1
        return inbox.send(message, context)
      },
    }
  },
  "it cannot be closed": () => ({ close: () => new Promise(() => {}) }),
  "its numbers make no sense": ({ capabilities }) => ({ capabilities: { ...capabilities, maxConcurrency: 0 } }),
  "it signals no handoff, and does not say so": ({ capabilities }) => ({
    capabilities: { ...capabilities, signalsHandoff: false },
  }),
}

describe("the suite fails for a transport with one rule broken", () => {
  it.concurrent.each(Object.entries(breaks))("%s", async (_name, broken) => {
    const failures = await failuresOf((collecting) =>
      transportConformance(collecting, {
        name: "transport",
        declares: all,
        moods: everyMood,
        secrets: [secret],
        patienceMs: 60,
        create: () => inMemory((inbox) => ({ ...inbox, ...broken(inbox) }) as Transport),
      }),
    )
    expect(failures.length).toBeGreaterThan(0)
  })
})
