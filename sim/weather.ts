import type { Chance } from "./chance.ts"
import { freezeMs } from "./faults/drawn-faults.ts"
import { enrollingTime } from "./user/sequence.ts"
import type { SimWorld } from "./world/sim-world.ts"

const hour = 3_600_000

/** What happens to hosts from outside while the storm lasts: clocks are set, processes freeze or are told to end. */
export const weather = async (world: SimWorld, chance: Chance): Promise<void> => {
  const { clock, crashes, disk, stormMs } = world.options
  const times = (perHour: number): number => Math.round((perHour * stormMs) / hour)
  const at = async (happen: () => unknown): Promise<void> => {
    await world.time.sleep(chance.between(1_000, stormMs))
    await happen()
  }
  const step = (): void => {
    const byMs = chance.pick([-1, 1]) * chance.pick([1_500, 60_000, 3 * hour])
    if (byMs < 0) world.clockSetBackMs -= byMs
    for (const host of world.hosts) host.stepClock(byMs)
  }
  const freeze = (): void => chance.pick(world.hosts).freeze(chance.pick(freezeMs))
  const end = (): Promise<void> => chance.pick(world.hosts).terminate(chance.pick([0, 1_000, 10_000]))
  // Where processes may die they do when much is done at once: while everybody is enrolled.
  const dieAtTheTime = async (timedMinutes: number): Promise<void> => {
    const due = enrollingTime(world.options, timedMinutes).at - world.epoch
    await world.time.sleep(Math.max(0, due - world.now) + chance.between(0, 2 * disk.latencyMs + 10))
    const host = chance.pick(world.hosts)
    if (host.isAlive && crashes.perAwait > 0 && world.crashes < crashes.most) host.crash("at the time of a trigger")
  }
  const { timedMinutes } = world.options.sequence
  await Promise.all([
    ...(timedMinutes === null ? [] : [dieAtTheTime(timedMinutes)]),
    ...Array.from({ length: times(clock.stepsPerHour) }, () => at(step)),
    ...Array.from({ length: times(clock.freezesPerHour) }, () => at(freeze)),
    ...(chance.happens(crashes.sigtermShare) ? [at(end), at(end)] : []),
  ])
}
