import type { Runtime } from "sendstate"
import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"
import { play, until } from "../../sim/play.ts"
import { campaignId, definitionOf } from "../../sim/user/campaign.ts"

/** The simulations start on Monday, 2026-01-05, 09:00 UTC. */
const spring: CampaignInput = { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] }

const day = 86_400_000

/** When the mails of each lead left, `01-12 09:00`. */
const mailsOf = async (
  campaign: Partial<CampaignInput>,
  leads: ReadonlyArray<LeadInput>,
  options: SimulateOptions = {},
) => {
  const { sends, violations } = await simulate({ ...spring, ...campaign }, [], {
    listSends: 10_000,
    until: "30 days",
    ...options,
    actions: [
      {
        at: 0,
        do: async (runtime) => {
          for (const lead of leads) await runtime.leads.put(lead)
        },
      },
      ...(options.actions ?? []),
    ],
  })
  expect(violations).toEqual([])
  return (name: string) =>
    sends
      .filter(({ to }) => to === `${name}@x.test`)
      .map(({ at }) => new Date(at).toISOString().slice(5, 16).replace("T", " "))
}

const lead = (name: string, data: NonNullable<LeadInput["data"]> = {}): LeadInput => ({ email: `${name}@x.test`, data })

const pros = [{ at: "0 9 * * mon", when: { lead: "plan", equals: "pro" } }] satisfies CampaignInput["triggers"]

test("at its time a trigger lets in the stored leads that its condition is true for, each once", async () => {
  const mails = await mailsOf({ triggers: pros }, [lead("ann", { plan: "pro" }), lead("bob", { plan: "free" })], {
    actions: [
      { at: "8 days", do: (runtime: Runtime) => runtime.leads.put(lead("bob", { plan: "pro" })) },
      { at: "9 days", do: (runtime: Runtime) => runtime.leads.put(lead("cyd", { plan: "pro" })) },
    ],
  })
  expect(mails("ann")).toEqual(["01-12 09:00"])
  expect(mails("bob")).toEqual(["01-19 09:00"])
  expect(mails("cyd")).toEqual(["01-19 09:00"])
})

test("with re-entry it comes again and again, as long as its condition is true", async () => {
  const triggers = [{ at: "monday at 09:00", when: { not: { event: "left" } } }] satisfies CampaignInput["triggers"]
  const leave = (runtime: Runtime) => runtime.signal({ lead: "bob@x.test", event: "left" })
  const mails = await mailsOf({ triggers, reentry: "always" }, [lead("ann"), lead("bob")], {
    actions: [{ at: "10 days", do: leave }],
  })
  expect(mails("ann")).toEqual(["01-12 09:00", "01-19 09:00", "01-26 09:00", "02-02 09:00"])
  expect(mails("bob")).toEqual(["01-12 09:00"])
})

test("it goes by the campaign's clock, over a change of the clocks, and a date comes once", async () => {
  const at = async (time: string, timeZone: string, start = "2026-03-28T12:00:00Z") =>
    (
      await mailsOf({ triggers: [{ at: time }], timeZone, reentry: "always" }, [lead("ann")], {
        start: new Date(start),
        until: "3 days",
      })
    )("ann")
  // On 2026-03-29 clocks go from 02:00 to 03:00 in Berlin.
  expect(await at("at 08:00", "Europe/Berlin")).toEqual(["03-29 06:00", "03-30 06:00", "03-31 06:00"])
  expect(await at("2026-03-30 at 08:00", "America/New_York")).toEqual(["03-30 12:00"])
  expect(await at("2026-03-27 at 08:00", "UTC")).toEqual([])
})

test("what was missed while the process was down is made up for within a day, and not later", async () => {
  const after = (downtime: string) =>
    mailsOf({ triggers: [{ at: "0 9 * * mon" }], reentry: "always" }, [lead("ann")], {
      faults: { kills: ["6 days 23 hours"], downtime },
    })
  expect((await after("10 hours"))("ann")).toEqual(["01-12 18:00", "01-19 09:00", "01-26 09:00", "02-02 09:00"])
  expect((await after("26 hours"))("ann")).toEqual(["01-19 09:00", "01-26 09:00", "02-02 09:00"])
})

test("a process that dies in the middle of many leads lets in the rest when it starts again, and nobody twice", async () => {
  const put = async (runtime: Runtime) => {
    for (let index = 0; index < 1_200; index += 1) await runtime.leads.put(lead(`lead${index}`))
  }
  for (const ms of [0, 1, 2, 3, 5, 8, 20]) {
    const { counts, violations } = await simulate(
      { ...spring, triggers: [{ at: "0 9 * * mon" }], reentry: "always", onUnknown: "assumeSent" },
      [],
      {
        until: "10 days",
        actions: [{ at: 0, do: put }],
        faults: { kills: [7 * day + ms], downtime: "1 hour" },
      },
    )
    expect(violations).toEqual([])
    expect(counts).toMatchObject({ planned: 1_200, sent: 1_200 })
  }
})

test("a campaign that is edited fires at its new times, one that is a draft or cancelled at none", async () => {
  const edit = async (runtime: Runtime) => {
    await runtime.campaigns.create({ ...spring, triggers: [{ at: "30 8 * * fri" }] }, { update: true })
  }
  const edited = await mailsOf({ triggers: [{ at: "0 9 * * mon" }] }, [lead("ann")], {
    actions: [{ at: "3 days 23 hours", do: edit }],
  })
  expect(edited("ann")).toEqual(["01-09 08:30"])
  const cancel = async (runtime: Runtime) => (await runtime.campaigns.get("spring")).cancel()
  const cancelled = await mailsOf({ triggers: [{ at: "0 9 * * mon" }] }, [lead("ann")], {
    actions: [{ at: "1 day", do: cancel }],
  })
  expect(cancelled("ann")).toEqual([])
})

test.each(["soon", "next day at 09:00", "* * *", ""])("%o is no time", async (at) => {
  await expect(simulate({ ...spring, triggers: [{ at }] }, [])).rejects.toMatchObject({ _tag: "InvalidInput" })
})

test("a time that passes while the process is down, from right after the campaign was created, fires at the next start", async () => {
  const world = await play(
    {
      sequence: { timedMinutes: 3 },
      faults: (world) => ({
        crashes: () =>
          world().durable.campaignState(campaignId) !== undefined &&
          world().now < 5 * 60_000 &&
          world().hosts.length > 0,
      }),
    },
    async (world) => {
      const [guest] = world.guests
      void world.hosts[0]?.live()
      await world.user.ask("knows a guest", (runtime) => runtime.leads.put(guest ?? { email: "" }))
      await world.user.ask("creates", (runtime) => runtime.campaigns.create(definitionOf(world.options, 0)))
      await until(world, () => world.durable.rowsOf("guest-0").length > 0)
    },
  )
  expect(world.durable.rowsOf("guest-0")).toHaveLength(1)
})
