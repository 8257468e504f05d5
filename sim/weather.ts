import type { Chance } from "./chance.ts"
import { freezeMs } from "./faults/drawn-faults.ts"
import type { SimWorld } from "./world/sim-world.ts"

const hour = 3_600_000

/** What happens to hosts from outside while the storm lasts: clocks are set, processes freeze or are told to end. */
export const weather = async (world: SimWorld, chance: Chance): Promise<void> => {
  const { clock, crashes, stormMs } = world.options
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
  await Promise.all([
    ...Array.from({ length: times(clock.stepsPerHour) }, () => at(step)),
    ...Array.from({ length: times(clock.freezesPerHour) }, () => at(freeze)),
    ...(chance.happens(crashes.sigtermShare) ? [at(end), at(end)] : []),
  ])
}
