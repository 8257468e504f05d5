import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createTransport } from "nodemailer"
import { createRuntime, type Runtime, type RuntimeOptions } from "sendstate"
import { stately } from "sendstate/observer/stately"
import { handlebars } from "sendstate/renderer/handlebars"
import { type Renderer, StorageError, type Transport } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { postgres } from "sendstate/storage/postgres"
import { sqlite } from "sendstate/storage/sqlite"
import { faultyStorage, ScriptedSmtpServer, type SmtpMoment, type SmtpScript, smtpScript } from "sendstate/testing"
import { http } from "sendstate/transport/http"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { nodemailer } from "sendstate/transport/nodemailer"
import { postmark } from "sendstate/transport/postmark"
import { resend } from "sendstate/transport/resend"
import { ses } from "sendstate/transport/ses"
import { type SmtpOptions, smtp } from "sendstate/transport/smtp"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { type Behaviour, fakeProvider, hangUp, json } from "../plugins/transport/http/fake-provider.ts"
import { impatiently } from "../plugins/transport/smtp/mail.ts"
import { canary, expectNoCanary, expectNoSecret } from "./canaries.ts"

const { close, raw, reply, reset } = smtpScript

const person = `${canary.name} <${canary.email}> (${canary.email.toUpperCase()}, ${encodeURIComponent(canary.email)}), mailbox canary.person`
const lead = {
  id: canary.leadId,
  email: canary.email,
  name: canary.name,
  data: { odd: `${canary.name}, ${canary.email}` },
}

const real = handlebars({
  templates: {
    hello: { subject: "Hello", html: "<p>Hello {{name}}</p>" },
    missing: { subject: "Hello", html: "<p>{{name}} {{email}} {{nothing}}</p>" },
    dated: { subject: "Hello", html: "<p>{{date odd}}</p>" },
    counted: { subject: "Hello", html: "<p>{{number odd}}</p>" },
    object: { subject: "Hello", html: "<p>{{lead}}</p>" },
    linked: { subject: "Hello", html: '<a href="{{odd}}">x</a>' },
    subject: { subject: "{{broken}}", html: "<p>x</p>" },
  },
})

// One for all runtimes, never closed by one of them: compiling costs a worker.
const renderer: Renderer = {
  name: real.name,
  version: real.version,
  load: real.load,
  compile: (source, options) => real.compile(source, options),
  prepare: real.prepare,
}

/** What went to the terminal of this process meanwhile. */
let written = ""
const restore: Array<() => void> = []
beforeAll(() => {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write
    stream.write = ((chunk: string | Uint8Array, ...rest: ReadonlyArray<never>) => {
      written += Buffer.from(chunk as string).toString()
      return write.call(stream, chunk as string, ...rest)
    }) as typeof stream.write
    restore.push(() => {
      stream.write = write
    })
  }
})
afterAll(async () => {
  for (const undo of restore) undo()
  await real.close?.()
  expectNoCanary("the terminal", written)
})

interface Watched {
  readonly runtime: Runtime
  /** Everything that somebody may see of the runtime, looked through. */
  readonly lookThrough: () => Promise<void>
}

const watch = async (options: Partial<RuntimeOptions> & { readonly transport: Transport }): Promise<Watched> => {
  const frames: unknown[] = []
  const heard: unknown[] = []
  const runtime = await createRuntime({
    renderer,
    storage: memoryStorage(),
    ...options,
    observers: [
      stately({ sample: 1, adapter: { start: () => {}, stop: () => {}, send: (frame) => frames.push(frame) } }),
      {
        name: "recorder",
        onEvent: (event) => {
          heard.push(event)
        },
      },
    ],
  })
  onTestFinished(() => runtime.close({ deadlineMs: 0 }))
  return {
    runtime,
    lookThrough: async () => {
      expectNoCanary("history", await runtime.changes(0))
      expectNoCanary("health", await runtime.health())
      expectNoCanary("status", await runtime.campaigns.list())
      for await (const row of runtime.executions.list()) {
        expectNoCanary("an execution", row)
        expectNoCanary("explain", await runtime.explain(row.id))
      }
      expectNoCanary("an event", heard)
      expectNoCanary("an inspector frame", frames)
      expect(heard.length).toBeGreaterThan(0)
      expect(frames.length).toBeGreaterThan(0)
    },
  }
}

/** One mail to the canary; what is checked is everything that is said about it, whatever becomes of it. */
const sendOne = async (
  options: Partial<RuntimeOptions> & { readonly transport: Transport },
  template = "hello",
): Promise<void> => {
  const { runtime, lookThrough } = await watch(options)
  const campaign = await runtime.campaigns.create({
    id: "spring",
    from: "Ann <ann@acme.test>",
    steps: [{ template }],
    retry: { attempts: 1 },
  })
  const events = runtime.events({ signal: AbortSignal.timeout(10_000) })
  expectNoCanary("preflight", await campaign.preflight([lead]))
  await campaign.enroll([lead])
  await campaign.close()
  // A server that is down is asked for ever: the first answer is enough.
  for await (const event of events)
    if (event.type === "execution" && !["scheduled", "rendering", "sending.attempting"].includes(event.state)) break
    else if (event.type === "campaign" && event.state === "degraded") break
  await lookThrough()
}

const echo = (code: string) => (moment: SmtpMoment) => reply(`${code} ${person} wrote ${moment.line}`)

const secretsInWords = `${canary.password} ${encodeURIComponent(canary.password)} ${Buffer.from(canary.password).toString("base64")}`

const scripts: ReadonlyArray<readonly [string, SmtpScript]> = [
  ["greets with it", { greeting: reply(`554 go away ${person}`) }],
  ["refuses the password and repeats it", { auth: ({ line }) => reply(`535 5.7.8 ${line} ${secretsInWords}`) }],
  ["refuses for now and repeats it", { auth: ({ line }) => reply(`454 4.7.0 ${line} ${secretsInWords}`) }],
  ["answers the login with no SMTP", { auth: ({ line }) => raw(`?? ${line} ${secretsInWords}\r\n`) }],
  ["refuses the sender", { mail: echo("550 5.7.1") }],
  [
    "refuses the recipient in many lines",
    { rcpt: () => reply(`550-5.1.1 ${person}\n550 5.1.1 canary.person: unknown`) },
  ],
  ["refuses the recipient by its mailbox alone", { rcpt: () => reply('550 5.1.1 "canary.person" is no mailbox here') }],
  ["is full for now", { rcpt: echo("452 4.2.2") }],
  ["answers the recipient with no SMTP", { rcpt: ({ line }) => raw(`??? ${line} ${person}\r\n`) }],
  ["refuses the data", { data: echo("554 5.7.1") }],
  ["accepts with its own words", { end: () => reply(`250 2.0.0 queued for ${person} ${secretsInWords}`) }],
  ["refuses after the dot", { end: () => reply(`550 5.7.1 ${person} ${secretsInWords}`) }],
  ["says half a reply after the dot", { end: [raw(`25 ${person}`), close] }],
  ["says something else after the dot", { end: raw(`!! ${person} ${secretsInWords}\r\n`) }],
  ["breaks the connection after the dot", { end: reset }],
  ["breaks the connection at the recipient", { rcpt: close }],
]

const ehlo = reply("250-scripted.test\n250-AUTH PLAIN LOGIN\n250 8BITMIME")

const withPassword = (server: ScriptedSmtpServer): SmtpOptions =>
  impatiently(server.url, { auth: { user: canary.user, pass: canary.password } })

describe.each(scripts)("a mail server that %s", (_name, script) => {
  test("gives neither password nor person away", async () => {
    const server = await ScriptedSmtpServer.start({ ehlo, ...script })
    onTestFinished(() => server.stop())
    const transport = smtp(withPassword(server))
    expectNoSecret("verify", await transport.verify?.(AbortSignal.timeout(10_000)))
    await sendOne({ transport })
  }, 20_000)

  test("gives nothing away through nodemailer either", async () => {
    const server = await ScriptedSmtpServer.start({ ehlo, ...script })
    onTestFinished(() => server.stop())
    const transporter = createTransport({
      host: "127.0.0.1",
      port: server.port,
      ignoreTLS: true,
      auth: { user: canary.user, pass: canary.password },
      greetingTimeout: 500,
      socketTimeout: 500,
    })
    await sendOne({ transport: nodemailer(transporter) })
  }, 20_000)
})

const echoAll =
  (status: number): Behaviour =>
  (request, response) =>
    json(status, {
      message: `${person} ${request.headers.authorization ?? ""} ${request.headers["x-postmark-server-token"] ?? ""} ${canary.apiKey} ${Buffer.from(canary.apiKey).toString("base64")}`,
      Message: person,
      name: "validation_error",
      ErrorCode: 300,
      request: request.body,
    })(request, response)

const providers: Readonly<Record<string, (url: string) => Transport>> = {
  http: (url) =>
    http({
      url,
      headers: { authorization: `Bearer ${canary.apiKey}` },
      body: (mail) => ({ to: mail.to, html: mail.html }),
    }),
  resend: (baseUrl) => resend({ apiKey: canary.apiKey, baseUrl }),
  postmark: (baseUrl) => postmark({ serverToken: canary.apiKey, baseUrl }),
  ses: (baseUrl) =>
    ses({ region: "eu-west-1", credentials: { accessKeyId: "AKIACANARY", secretAccessKey: canary.apiKey }, baseUrl }),
}

describe.each(Object.entries(providers))("the API of %s", (_name, transportOf) => {
  test.each([
    ["accepts", echoAll(200)],
    ["refuses the key", echoAll(401)],
    ["refuses the mail", echoAll(422)],
    ["wants fewer", echoAll(429)],
    ["breaks", echoAll(500)],
    ["hangs up", hangUp],
  ] as const)("%s, repeating what it was told, and nothing is given away", async (_what, behaviour) => {
    const { url } = await fakeProvider(behaviour)
    const transport = transportOf(url)
    expectNoSecret("verify", await transport.verify?.(AbortSignal.timeout(10_000)))
    await sendOne({ transport })
  })
})

describe("what breaks around a mail gives nothing away", () => {
  test.each(["missing", "dated", "counted", "object", "linked", "subject"])("a template: %s", async (template) => {
    await sendOne({ transport: memoryTransport() }, template)
  })

  test("a directory of leads that throws with the person in its words", async () => {
    const leadOf = () => Promise.reject(new Error(`no row for ${person}`))
    await sendOne({ transport: memoryTransport(), leadOf })
  })

  test("a transport that throws, before or after the handoff", async () => {
    for (const handsOff of [false, true])
      await sendOne({
        transport: {
          name: "broken",
          capabilities: { maxConcurrency: 1, deadlineMs: 1_000, signalsHandoff: true },
          send: async (_message, { handoff }) => {
            if (handsOff) handoff()
            throw new Error(`cannot mail ${person}`, { cause: new Error(person) })
          },
        },
      })
  })

  test("a storage that throws with the person in its words, typed or not", async () => {
    const thrown = [
      new StorageError({
        storage: "odd",
        code: "unavailable",
        retryable: false,
        indeterminate: false,
        message: `duplicate key (email)=(${canary.email})`,
        cause: new Error(`duplicate key (email)=(${canary.email})`),
      }),
      Object.assign(new Error(`duplicate key (email)=(${canary.email})`), { detail: canary.email }),
    ]
    for (const before of thrown) {
      const storage = faultyStorage()
      const { runtime } = await watch({ transport: memoryTransport(), storage })
      const campaign = await runtime.campaigns.create({ id: "s", from: "a@acme.test", steps: [{ template: "hello" }] })
      storage.fault = (method) =>
        method === "enroll" || method === "writeDocuments" || method === "claimDue"
          ? { before: before as StorageError }
          : undefined
      const errors = await Promise.allSettled([
        campaign.enroll([lead]),
        runtime.leads.put(lead),
        runtime.suppress(canary.email),
        runtime.forgetLead(canary.email),
      ])
      for (const result of errors) if (result.status === "rejected") expectNoCanary("an error", result.reason)
      expectNoCanary("health", await runtime.health())
      storage.fault = () => undefined
    }
  })

  test("leads and addresses that are refused", async () => {
    const { runtime } = await watch({ transport: memoryTransport() })
    for (const email of [`${canary.email}, x@y.test`, `${canary.email}\r\nBcc: x@y.test`, `<${canary.email}`]) {
      const errors = await Promise.allSettled([
        runtime.leads.put({ ...lead, email }),
        runtime.suppress(email),
        runtime.unsuppress(email),
      ])
      for (const result of errors) {
        expect(result.status).toBe("rejected")
        if (result.status === "rejected") expectNoCanary("an error", result.reason)
      }
    }
  })

  test("options with a password that are refused", () => {
    const wrong: ReadonlyArray<() => unknown> = [
      () => smtp(`smtp://${canary.user}:${canary.password}@bad host:x`),
      () => smtp(`smtp://${canary.user}:${encodeURIComponent(canary.password)}@mail.test?nothing=1`),
      () => smtp({ url: "smtp://mail.test", auth: { user: "", pass: canary.password } }),
      () => postgres(`postgres://${canary.user}:${canary.password}@bad host/db`),
      () => postgres(`mysql://${canary.user}:${encodeURIComponent(canary.password)}@db.test/x`),
      () => resend({ apiKey: `${canary.apiKey} with a space` }),
      () => http({ url: "ftp://x.test", headers: { authorization: canary.apiKey }, body: () => "" }),
    ]
    for (const make of wrong) {
      let error: unknown
      try {
        make()
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeDefined()
      expectNoCanary("an error", error)
    }
  })

  test("a database server that cannot be reached", async () => {
    const storage = postgres(`postgres://${canary.user}:${encodeURIComponent(canary.password)}@127.0.0.1:9/mails`)
    const error = await Promise.resolve(storage.open({ mode: "own", now: () => 0 })).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ _tag: "StorageError" })
    expectNoCanary("an error", error)
  })

  test("a mail that goes well, from a store on disk", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sendstate-canary-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const storage = sqlite(join(folder, "store.db"))
    await sendOne({ transport: memoryTransport(), storage })
  })
})
