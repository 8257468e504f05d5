import { calm, type Faults } from "./faults/faults.ts"
import type { SimOptions } from "./options.ts"
import { campaignId, definitionOf } from "./user/campaign.ts"
import { usualPlace } from "./user/hours.ts"
import { noSequence } from "./user/sequence.ts"
import { SimWorld } from "./world/sim-world.ts"

const minute = 60_000

/** One lead, one mail, a fast disk, a fast server, and nothing that goes wrong. */
const quietOptions: SimOptions = {
  seed: 1,
  storage: "async",
  leads: 1,
  steps: 1,
  stepMinutes: 7,
  onUnknown: "hold",
  retry: { attempts: 3, baseMs: minute, factor: 2, capMs: 30 * minute, jitter: 0 },
  transport: {
    maxConcurrency: 4,
    maxPerSecond: null,
    deadlineMs: 5_000,
    signalsHandoff: true,
    idempotentMs: null,
    lookup: false,
    latencyMs: 10,
    faults: 0,
    fates: {} as SimOptions["transport"]["fates"],
  },
  routes: [],
  sequence: noSequence,
  ...usualPlace,
  limitPerMinute: null,
  transportPerMinute: null,
  disk: { latencyMs: 1, faults: 0 },
  renderer: { faults: 0 },
  clock: { stepsPerHour: 0, freezesPerHour: 0 },
  crashes: { perAwait: 0, most: Number.POSITIVE_INFINITY, sigtermShare: 0 },
  freezes: { perAwait: 0, mostMs: 0 },
  userActions: 0,
  horizonMs: 60 * minute,
  stormMs: 60 * minute,
  handsOffMs: 30 * minute,
}

/** What a scene changes of a quiet world. */
export interface SceneOptions extends Partial<Omit<SimOptions, "transport" | "retry" | "sequence">> {
  readonly transport?: Partial<SimOptions["transport"]>
  readonly retry?: Partial<SimOptions["retry"]>
  readonly sequence?: Partial<SimOptions["sequence"]>
  /** May look at the world that it belongs to. */
  readonly faults?: (world: () => SimWorld) => Partial<Faults>
}

/**
 * Plays one scene: a quiet world in which only happens what the scene says, with all checks on.
 *
 * @returns The world as it was in the end; rejects when a promise was broken.
 */
export const play = async (options: SceneOptions, scene: (world: SimWorld) => Promise<void>): Promise<SimWorld> => {
  const { faults, transport, retry, sequence, ...changes } = options
  const world: SimWorld = new SimWorld(
    {
      ...quietOptions,
      ...changes,
      transport: { ...quietOptions.transport, ...transport },
      retry: { ...quietOptions.retry, ...retry },
      sequence: { ...noSequence, ...sequence },
    },
    { ...calm, ...faults?.(() => world) },
  )
  await world.time.run(scene(world))
  const [violation] = world.violations
  if (violation !== undefined) throw new Error(`${violation.promise}: ${violation.evidence}`)
  await world.verify()
  return world
}

/** Waits in the world's time until it is so; rejects after a day. */
export const until = async (world: SimWorld, isIt: () => boolean, stepMs = 1_000): Promise<void> => {
  for (let waited = 0; !isIt(); waited += stepMs) {
    if (waited > 24 * 60 * minute) throw new Error(`It did not happen within a day. ${world.story.lines.join("\n")}`)
    await world.time.sleep(stepMs)
  }
}

/** The campaign on one of the hosts. */
export const campaignOn = async (world: SimWorld, host = 0) => {
  const runtime = await world.hosts[host]?.runtime()
  if (runtime === undefined) throw new Error(`There is no host ${host}.`)
  return { runtime, campaign: await runtime.campaigns.get(campaignId) }
}

/** Starts the first host, creates the campaign and enrolls everybody at once. */
export const begin = async (world: SimWorld): Promise<void> => {
  void world.hosts[0]?.live()
  const { user, hosts } = world
  await user.insist("creates", (runtime) => runtime.campaigns.create(definitionOf(world.options, 0)), hosts[0])
  await user.insist("enrolls all", (runtime) => user.enroll(runtime, world.leads), hosts[0])
}
