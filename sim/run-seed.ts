import { Chance } from "./chance.ts"
import { DrawnFaults } from "./faults/drawn-faults.ts"
import { drawOptions, type SimOptions } from "./options.ts"
import { campaignId } from "./user/campaign.ts"
import { enrollingTime } from "./user/sequence.ts"
import { wishesFor } from "./user/wishes.ts"
import { weather } from "./weather.ts"
import { SimWorld, type Violation } from "./world/sim-world.ts"

/** How long everything may take to end once nothing goes wrong any more, milliseconds. */
const patienceMs = 3 * 24 * 3_600_000

/** How long a fault may be under way, milliseconds: the slowest write, the latest request, the longest freeze. */
const lastFaultMs = 5 * 60_000

/** What became of one seed. */
export interface SeedResult {
  readonly options: SimOptions
  readonly violations: ReadonlyArray<Violation>
  /** Of everything that happened. */
  readonly digest: string
  readonly lines: ReadonlyArray<string>
  readonly copies: number
  readonly crashes: number
}

/** Runs the world of one seed: a storm of faults, then calm, until everything has ended. */
export const runSeed = async (seed: number, options = drawOptions(seed)): Promise<SeedResult> => {
  const faults = new DrawnFaults(Chance.of(seed).fork("faults"), options)
  const world = new SimWorld(options, faults)
  const { user } = world

  // Where clocks are set back it may come late.
  const timePassed = (): boolean => {
    const { timedMinutes } = options.sequence
    if (timedMinutes === null) return true
    const { at } = enrollingTime(options, timedMinutes)
    return world.hosts.every(({ wallNow }) => wallNow > at + options.handsOffMs)
  }

  const hasCome = (): boolean =>
    timePassed() &&
    ["completed", "cancelled"].includes(String(world.durable.campaignState(campaignId))) &&
    world.durable.rows().every(({ state }) => state === "done" || state === "cancelled")

  const live = async (): Promise<void> => {
    const lives = world.hosts.map((host) => host.live())
    await Promise.all([
      user.enrollAll(),
      user.wishAll(wishesFor(options.sequence)),
      weather(world, Chance.of(seed).fork("weather")),
      world.time.sleep(options.stormMs),
    ])
    faults.stop()
    // A write that fails has failed before its caller hears of it, and stops a campaign that was resumed meanwhile.
    await world.time.sleep(lastFaultMs)
    world.story.tell("CALM")
    world.checks.startCalm()
    const until = world.now + patienceMs
    await user.tidyUp()
    // What is due must come about without anybody's asking, after a restart too.
    await Promise.all(world.hosts.map((host) => host.terminate(10_000)))
    await world.time.sleep(options.handsOffMs)
    if (options.storage !== "shared") {
      // A clock that is set forward makes what waits due at once.
      world.hosts[0]?.stepClock(2 * 3_600_000)
      world.checks.startCalm()
      await world.time.sleep(options.handsOffMs)
    }
    while (!hasCome() && world.now < until) {
      await user.tidyUp()
      await world.time.sleep(options.handsOffMs)
    }
    await user.look()
    world.checks.onEnd()
    world.hasEnded = true
    await Promise.all(world.hosts.map((host) => host.terminate(10_000)))
    await Promise.all(lives)
    await world.verify()
  }

  try {
    await world.time.run(live())
  } catch (error) {
    if (world.violations.length === 0) world.violate("the world goes on", String(error))
  }
  return {
    options,
    violations: world.violations,
    digest: world.story.digest(),
    lines: world.story.lines,
    copies: world.server.total,
    crashes: world.crashes,
  }
}
