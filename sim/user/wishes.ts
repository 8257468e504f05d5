import { campaignId } from "./campaign.ts"
import { heededEvents, noSequence, type SequenceOptions } from "./sequence.ts"
import type { User } from "./user.ts"

/** Something that the user wants now. */
export type Wish = (user: User) => Promise<void>

const cancelOne: Wish = async (user) => {
  const row = user.anyExecution()
  if (row === undefined) return
  const answer = await user.ask(`cancels ${row.id}`, (runtime) => runtime.executions.cancel(row.id))
  if (answer === "cancelled") user.world.acknowledge("cancel", row.id)
}

const pause: Wish = async (user) => {
  const { acknowledged } = user.world
  const grant = acknowledged.pause.ask()
  const accepted = await user.ask("pauses", async (runtime) => (await runtime.campaigns.get(campaignId)).pause())
  if (accepted === true) grant()
  await user.world.time.sleep(user.chance.between(1_000, 600_000))
  const endLift = acknowledged.pause.lift()
  const answer = await user.ask("resumes", async (runtime) => (await runtime.campaigns.get(campaignId)).resume())
  if (answer !== undefined) endLift()
}

const cancelAll: Wish = async (user) => {
  if (!user.chance.happens(0.2)) return
  const accepted = await user.ask("cancels all", async (runtime) => (await runtime.campaigns.get(campaignId)).cancel())
  if (accepted === true) user.world.acknowledged.cancelCampaign()
}

const suppress: Wish = async (user) => {
  const { id, email } = user.chance.pick(user.world.leads)
  const grant = user.world.acknowledged.suppressionOf(id).ask()
  const answer = await user.ask(`suppresses ${id}`, async (runtime) => {
    await runtime.suppress(email)
    return true
  })
  if (answer === true) grant()
}

const unsuppress: Wish = async (user) => {
  const { id, email } = user.chance.pick(user.world.leads)
  const endLift = user.world.acknowledged.suppressionOf(id).lift()
  const answer = await user.ask(`unsuppresses ${id}`, (runtime) => runtime.unsuppress(email))
  if (answer !== undefined) endLift()
}

/** The person is erased, and stays suppressed by a hash of the address. */
const forget: Wish = async (user) => {
  const { id, email } = user.chance.pick(user.world.leads)
  const grant = user.world.acknowledged.suppressionOf(id).ask()
  const answer = await user.ask(`forgets ${id}`, (runtime) => runtime.forgetLead(email))
  if (answer?.suppressed === true) grant()
  if (answer !== undefined && answer.forgotten > 0) user.world.acknowledge("forget", id)
}

const enrollAgain: Wish = async (user) => {
  await user.ask("enrolls all again", (runtime) => user.enroll(runtime, user.world.leads))
}

const scheduleOne: Wish = async (user) => {
  const lead = user.chance.pick(user.world.leads)
  const after = user.chance.between(0, user.options.horizonMs)
  const id = await user.ask("schedules a mail", async (runtime) =>
    (await runtime.campaigns.get(campaignId)).schedule({ lead, template: "single", at: runtime.now() + after }),
  )
  if (id !== undefined) user.world.acknowledge("schedule", id)
}

const edit: Wish = async (user) => {
  user.edition += 1
  await user.create()
}

const resolveOne: Wish = async (user) => {
  const row = user.world.durable.rows().find(({ state }) => state === "sending.inDoubt")
  if (row === undefined) return
  const verdict = user.chance.pick(["sent", "notSent"])
  if (verdict === "sent") user.vouch(row.id)
  await user.ask(`resolves ${row.id} as ${verdict}`, (runtime) => runtime.executions.resolve(row.id, verdict))
}

const redriveOne: Wish = async (user) => {
  const row = user.world.durable.rows().find(({ context }) => context.outcome === "failed")
  if (row === undefined) return
  const duplicate = user.chance.happens(0.5)
  await user.ask(`retries ${row.id}`, (runtime) => runtime.executions.retry(row.id, { duplicate }))
}

const rescheduleOne: Wish = async (user) => {
  const row = user.anyExecution()
  if (row === undefined) return
  const after = user.chance.between(0, user.options.horizonMs)
  await user.ask(`reschedules ${row.id}`, (runtime) => runtime.executions.reschedule(row.id, runtime.now() + after))
}

const runOneNow: Wish = async (user) => {
  const row = user.anyExecution()
  if (row !== undefined) await user.ask(`runs ${row.id} now`, (runtime) => runtime.executions.runNow(row.id))
}

/** As a webhook does it: the same id until it is answered, now and then once more, wherever it comes in. */
const signal: Wish = async (user) => {
  const { world, chance, options } = user
  const lead = chance.pick([...world.leads, ...world.guests]).id
  const event = chance.pick(heededEvents(options.sequence))
  const { signals } = world.acknowledged
  const before = signals.told(lead, event)
  const told =
    before.length > 0 && chance.happens(0.3)
      ? chance.pick(before)
      : { id: `${event} ${lead} ${before.length}`, lead, event, at: chance.pick(world.hosts).wallNow }
  signals.tell(told)
  const { id, at } = told
  let times = chance.happens(0.3) ? 2 : 1
  for (let tries = 0; times > 0 && tries < 10; tries += 1) {
    const host = user.anyHost()
    // Killed in the middle, where processes may be killed.
    if (options.crashes.perAwait > 0 && chance.happens(0.15))
      world.time.timeline.set(world.now + chance.between(0, 40), () => {
        if (host.isAlive && world.crashes < options.crashes.most) host.crash("in a signal")
      })
    const answer = await user.ask(`signals ${id}`, (runtime) => runtime.signal({ id, lead, event, at }), host)
    if (answer !== undefined) {
      signals.ack(id, world.now)
      times -= 1
    }
    await world.time.sleep(chance.between(1, 60_000))
  }
}

const look: Wish = (user) => user.look()

const always: ReadonlyArray<Wish> = [
  cancelOne,
  cancelOne,
  pause,
  cancelAll,
  suppress,
  suppress,
  unsuppress,
  enrollAgain,
  scheduleOne,
  edit,
  resolveOne,
  redriveOne,
  rescheduleOne,
  runOneNow,
  look,
  look,
]

/** All kinds of wishes that make sense in a world, each as often as it stands here. */
export const wishesFor = (sequence: SequenceOptions): ReadonlyArray<Wish> => {
  // What sequences do is checked by who the leads are: there nobody is forgotten.
  if (sequence === noSequence) return [...always, forget]
  return heededEvents(sequence).length === 0 ? always : [...always, ...Array.from({ length: 8 }, () => signal)]
}
