import { expect, test } from "vitest"
import { hangUp, json } from "../plugins/transport/http/fake-provider.ts"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { type FakeMailApi, fakeOwnApi, fakePostmark, fakeResend } from "./mail-api.ts"
import { MailInbox } from "./mail-inbox.ts"

const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json"]

const listing = (...transports: ReadonlyArray<string>): string =>
  `${oneMail}transports:\n${transports.map((line) => `  - { ${line} }\n`).join("")}`

const fast = "maxPerSecond: unlimited"

const once = (count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`u${index + 1}@x.test`, 1]))

/** How many copies each address got from all of them together. */
const copiesOf = (...apis: ReadonlyArray<Pick<FakeMailApi, "taken">>): Readonly<Record<string, number>> => {
  const copies: Record<string, number> = {}
  for (const { taken } of apis) for (const to of taken) copies[to] = (copies[to] ?? 0) + 1
  return copies
}

const tooMany = { answer: json(429, { statusCode: 429, name: "rate_limit_exceeded", message: "Too many requests" }) }

const keys = { SENDSTATE_API_KEY_MAILER: "re_key", SENDSTATE_API_KEY_PM: "pm_token" }

test("a campaign is sent through Resend alone, without any mail server, and a second run sends nothing", async () => {
  const mailer = await fakeResend("re_key")
  await using folder = await campaignFolder(
    listing(`name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`),
    leadsCsv(30),
  )
  const dry = await sendstate(folder.path, [...run, "--dry-run"], keys)
  expect(dry.json()).toMatchObject({
    dryRun: true,
    transports: [{ name: "mailer", provider: "resend", check: "ready" }],
  })
  expect(mailer.requests.map(({ path }) => path)).toEqual(["/domains"])
  const ended = await sendstate(folder.path, run, keys)
  expect(ended.stderr).toMatch(
    /\n {2}through {3}mailer {2}Resend at http:\/\/127\.0\.0\.1:\d+, 5 requests at once, as fast as it takes them\n/,
  )
  expect(ended.stderr).toMatch(
    /in doubt .*\n {12}mailer gets it again first, and makes no second copy within 23 hours\n/,
  )
  expect(ended.json()).toMatchObject({ state: "completed", sent: 30 })
  expect(ended.code).toBe(0)
  expect(copiesOf(mailer)).toEqual(once(30))
  expect((await sendstate(folder.path, run, keys)).code).toBe(0)
  expect(mailer.taken).toHaveLength(30)
})

test("when Resend takes no more, Postmark does; what Resend may have stays there, and nobody has two", async () => {
  const mailer = await fakeResend("re_key")
  const pm = await fakePostmark("pm_token")
  let doubtful = ""
  // It breaks with a mail that it has, and soon wants no more for a while.
  mailer.mail = (to) => {
    if (to === doubtful) return undefined
    if (doubtful === "") {
      doubtful = to
      return { answer: json(500, { name: "application_error" }), takes: true }
    }
    return mailer.taken.length >= 5 ? tooMany : undefined
  }
  const file = `${listing(
    `name: mailer, provider: resend, ${fast}, maxConcurrency: 1, baseUrl: "${mailer.url}"`,
    `name: pm, provider: postmark, ${fast}, weight: 0, messageStream: news, baseUrl: "${pm.url}"`,
  )}retry: { base: 1 second, jitter: 0 }\n`
  await using folder = await campaignFolder(file, leadsCsv(40))
  const ended = await sendstate(folder.path, [...run, "--speed", "1000"], keys)
  expect(ended.stderr).toMatch(/pm {6}Postmark at http.*, only when the others are out, 10 requests at once/)
  expect(ended.stderr).toContain("pm is asked first, and what it finds was sent")
  expect(ended.json()).toMatchObject({ state: "completed", sent: 40, inDoubtTotal: 1, resent: 0 })
  expect(copiesOf(mailer, pm)).toEqual(once(40))
  expect(mailer.taken).toContain(doubtful)
  expect(pm.taken.length).toBeGreaterThan(30)
  expect(JSON.parse(pm.requests.find(({ method }) => method === "POST")?.body ?? "")).toMatchObject({
    MessageStream: "news",
  })
  const before = [mailer.taken.length, pm.taken.length]
  expect((await sendstate(folder.path, run, keys)).json()).toMatchObject({ sent: 40 })
  expect([mailer.taken.length, pm.taken.length]).toEqual(before)
})

test("status names the API that takes no more", async () => {
  const mailer = await fakeResend("re_key")
  const pm = await fakePostmark("pm_token")
  mailer.mail = () => tooMany
  const file = listing(
    `name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`,
    `name: pm, provider: postmark, ${fast}, weight: 0, baseUrl: "${pm.url}"`,
  )
  await using folder = await campaignFolder(file, leadsCsv(20))
  expect((await sendstate(folder.path, run, keys)).json()).toMatchObject({ state: "completed", sent: 20 })
  expect(copiesOf(mailer, pm)).toEqual(once(20))
  const status = await sendstate(folder.path, ["status"])
  expect(status.stdout).toMatch(/^mailer {2}circuit open until .*Too many requests/m)
  expect(status.stdout).not.toContain("pm")
})

test("an API and a mail server share the mails; one that is down keeps nobody from starting", async () => {
  await using main = await MailInbox.start()
  const mailer = await fakeResend("re_key")
  const file = listing(
    `name: main, url: "${main.url()}"`,
    `name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`,
    `name: pm, provider: postmark, baseUrl: "http://127.0.0.1:45999"`,
  )
  await using folder = await campaignFolder(file, leadsCsv(40))
  const ended = await sendstate(folder.path, run, keys)
  expect(ended.stderr).toMatch(/pm cannot be used \(connection-refused: .*; others take its mails meanwhile/)
  expect(ended.json()).toMatchObject({
    sent: 40,
    transports: [{ provider: "smtp" }, { provider: "resend", check: "ready" }, { check: "unusable" }],
  })
  expect(copiesOf(mailer, { taken: main.received.map(({ to }) => to) })).toEqual(once(40))
  expect(Math.min(main.received.length, mailer.taken.length)).toBeGreaterThan(0)
})

test("a wrong key is told before the first mail, with the variable that holds it", async () => {
  const mailer = await fakeResend("another")
  await using folder = await campaignFolder(
    listing(`name: mailer, provider: resend, baseUrl: "${mailer.url}"`),
    leadsCsv(3),
  )
  const ended = await sendstate(folder.path, run, keys)
  expect(ended.code).toBe(1)
  expect(ended.stderr).toMatch(
    /mailer \(Resend at .*\) cannot be used \(validation_error: .*API key is invalid.*Check SENDSTATE_API_KEY_MAILER, and/,
  )
  expect(mailer.requests.map(({ method }) => method)).toEqual(["GET"])
})

test("an API of your own that cannot be asked shows with its first mails that the key is wrong", async () => {
  const own = await fakeOwnApi("x-api-key", "right")
  const spare = await fakePostmark("pm_token")
  const entry = `name: own, provider: http, keyHeader: X-Api-Key, url: "${own.url}/send"`
  await using folder = await campaignFolder(listing(entry), leadsCsv(1_000))
  const wrong = await sendstate(folder.path, run, { SENDSTATE_API_KEY_OWN: "old-4711" })
  expect(wrong.stderr).toContain("own cannot be asked without sending: its first mail shows whether it lets us in")
  expect(wrong.json()).toMatchObject({ state: "degraded", sent: 0, failed: 0, transports: [{ check: "unasked" }] })
  expect(wrong.code).toBe(1)
  expect(own.requests.length).toBeLessThanOrEqual(10)

  await folder.write(
    "campaign.yaml",
    listing(entry, `name: pm, provider: postmark, ${fast}, weight: 0, baseUrl: "${spare.url}"`),
  )
  await folder.write("leads.csv", leadsCsv(20))
  const db = ["--db", "other.db"]
  const elsewhere = await sendstate(folder.path, [...run, ...db], { ...keys, SENDSTATE_API_KEY_OWN: "old-4711" })
  expect(elsewhere.json()).toMatchObject({ state: "completed", sent: 20 })
  expect(elsewhere.stderr).toMatch(/own sends nothing for this sender \(401 .*wrong key"}\): remove the cause/)
  expect(copiesOf(spare)).toEqual(once(20))

  await folder.write("campaign.yaml", listing(entry))
  const right = await sendstate(folder.path, [...run, "--db", "right.db"], { SENDSTATE_API_KEY_OWN: "right" })
  expect(right.json()).toMatchObject({ state: "completed", sent: 20 })
  expect(copiesOf(own)).toEqual(once(20))
})

test("an API that hangs up is asked again under the same key, and nobody has two", async () => {
  const mailer = await fakeResend("re_key")
  const broken = new Set<string>()
  mailer.mail = (to) => {
    if (broken.has(to)) return undefined
    broken.add(to)
    return { answer: hangUp, takes: true }
  }
  const file = `${listing(
    `name: mailer, provider: resend, ${fast}, baseUrl: "${mailer.url}"`,
  )}retry: { base: 1 second, jitter: 0 }\n`
  await using folder = await campaignFolder(file, leadsCsv(10))
  const ended = await sendstate(folder.path, [...run, "--speed", "1000"], keys)
  expect(ended.json()).toMatchObject({ state: "completed", sent: 10, inDoubtTotal: 10, resent: 0 })
  expect(copiesOf(mailer)).toEqual(once(10))
})

test("a test mail goes through the API that takes the sender, also with one key only", async () => {
  const mailer = await fakeResend("re_key")
  const file = listing(
    "name: other, provider: postmark, senders: [other.test]",
    `name: mailer, provider: resend, baseUrl: "${mailer.url}"`,
  )
  await using folder = await campaignFolder(file, leadsCsv(1))
  const preview = ["preview", "campaign.yaml", "--lead", "u1@x.test", "--to", "me@x.test"]
  const sent = await sendstate(folder.path, preview, { SENDSTATE_API_KEY_MAILER: "re_key" })
  expect(sent.stderr).toContain("sent to me@x.test")
  expect(mailer.taken).toEqual(["me@x.test"])
  const wrong = await sendstate(folder.path, preview, { SENDSTATE_API_KEY_MAILER: "re_old" })
  expect(wrong.stderr).toMatch(/refused \(validation_error\): .*API key is invalid/)
  expect(wrong.code).toBe(1)
  const none = await sendstate(folder.path, preview)
  expect(none.stderr).toMatch(/Set SENDSTATE_API_KEY_MAILER to the key of mailer\./)
  const asked = await sendstate(folder.path, [...preview, "--smtp", "mailer=smtp://127.0.0.1:9"])
  expect(asked.stderr).toMatch(/"mailer" of the campaign file is no SMTP server, but resend/)
})

test("keys that are not there are named together, and those of Amazon are the usual ones", async () => {
  const file = listing(
    "name: main",
    "name: my.mailer, provider: resend",
    "name: pm, provider: postmark",
    "name: amazon, provider: ses, region: eu-west-1",
    'name: own, provider: http, url: "https://mail.acme.test/send"',
  )
  await using folder = await campaignFolder(file, leadsCsv(1))
  const ended = await sendstate(folder.path, run, { AWS_ACCESS_KEY_ID: "AKIA" })
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain(
    "Set SENDSTATE_SMTP_URL_MAIN to the URL of main (or give --smtp main=URL), SENDSTATE_API_KEY_MY_MAILER to the key of my.mailer, SENDSTATE_API_KEY_PM to the key of pm, AWS_SECRET_ACCESS_KEY to the key of amazon.",
  )
  await folder.write(
    "campaign.yaml",
    listing(
      "name: amazon, provider: ses, region: eu-west-1",
      'name: own, provider: http, url: "https://mail.acme.test/send"',
    ),
  )
  const dry = await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--dry-run"])
  expect(dry.stderr).toMatch(/Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the keys of amazon\./)
})

test("a list that makes no sense is refused at its place, and no key is taken from a file", async () => {
  await using folder = await campaignFolder(oneMail, leadsCsv(1))
  const resend = "name: mailer, provider: resend"
  const own = 'name: own, provider: http, url: "https://a.test/send"'
  const refusals: ReadonlyArray<readonly [campaign: string, says: RegExp]> = [
    [listing(`${resend}, apiKey: c4n4ry`), /line 6, column 47, transports\.0\.apiKey: .*set SENDSTATE_API_KEY_MAILER/],
    [listing("name: pm, provider: postmark, serverToken: c4n4ry"), /serverToken: .*set SENDSTATE_API_KEY_PM/],
    [
      listing("name: a, provider: ses, region: eu-west-1, secretAccessKey: c4n4ry"),
      /transports\.0\.secretAccessKey: .*set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
    ],
    [
      listing("name: main, password: c4n4ry"),
      /transports\.0\.password: .*set SENDSTATE_SMTP_URL_MAIN to the whole URL/,
    ],
    [
      listing(`${own}, headers: { Authorization: c4n4ry }`),
      /headers\.Authorization: .*SENDSTATE_API_KEY_OWN.*keyHeader/,
    ],
    [listing('name: own, provider: http, url: "https://a.test/?api_key=c4n4ry"'), /url: .*SENDSTATE_API_KEY_OWN/],
    [listing(`${resend}, baseUrl: "https://ann:c4n4ry@a.test"`), /baseUrl: holds a secret/],
    [
      listing(`${resend}, baseUrl: "http://mail.acme.test"`),
      /line 6, column \d+, transports\.0\.baseUrl: must be an https/,
    ],
    [
      listing(`${resend}, weigth: 2`),
      /transports\.0\.weigth: there is no field "weigth" of resend; there are name, .*baseUrl/,
    ],
    [listing(`${resend}, body: x`), /no field "body"/],
    [listing(`${resend}, maxPerSecond: fast`), /line 6, column \d+, transports\.0\.maxPerSecond/],
    [listing("name: x, provider: sendgrid"), /transports\.0\.provider: .*"resend"/],
    [listing("name: a, provider: ses"), /line 6, column \d+, transports\.0: ses needs region/],
    [listing("name: a, provider: ses, region: europe"), /transports\.0\.region: must be a region/],
    [
      listing('name: own, provider: http, url: "https://a.test/send", keyHeader: "a b"'),
      /keyHeader: must be a header name/,
    ],
    [listing("name: a-b", "name: a_b, provider: resend"), /line 7, .*transports\.1\.name: .*A_B, as "a-b" is/],
    [
      `${listing("name: main", resend)}envelopeFrom: bounces@acme.test\n`,
      /line 8, column 15, envelopeFrom: the transport "mailer" \(resend\) sets the bounce address itself/,
    ],
  ]
  for (const [campaign, says] of refusals) {
    await folder.write("campaign.yaml", campaign)
    const ended = await sendstate(folder.path, [...run, "--dry-run"], { ...keys, SENDSTATE_DEBUG: "1" })
    expect(ended.stderr).toMatch(says)
    expect(ended.code).toBe(1)
    expect(ended.stdout + ended.stderr).not.toContain("c4n4ry")
  }
  await folder.write("campaign.yaml", listing(resend))
  const bad = await sendstate(folder.path, run, { SENDSTATE_API_KEY_MAILER: "c4n4ry 4711", SENDSTATE_DEBUG: "1" })
  expect(bad.stderr).toContain('SENDSTATE_API_KEY_MAILER for the transport "mailer" must be printable ASCII')
  expect(bad.stdout + bad.stderr).not.toContain("c4n4ry")
  const bare = await sendstate(folder.path, [...run, "--smtp", "smtp://127.0.0.1:9"], keys)
  expect(bare.stderr).toContain("lists the transports mailer, none of which is an SMTP server: leave --smtp out.")
  const named = await sendstate(folder.path, [...run, "--smtp", "mailer=smtp://127.0.0.1:9"], keys)
  expect(named.stderr).toContain("no SMTP server, but resend. Its key comes from SENDSTATE_API_KEY_MAILER.")
  expect(named.code).toBe(1)
}, 60_000)
