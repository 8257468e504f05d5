import { SeededRandom } from "../src/simulation/seeded-random.ts"

/** Draws of one part of a simulated world. */
export class Chance {
  readonly random: SeededRandom

  constructor(random: SeededRandom) {
    this.random = random
  }

  static of(seed: number | string): Chance {
    return new Chance(new SeededRandom(seed))
  }

  /** Draws of another part: what one part draws does not shift the others. */
  fork(name: string): Chance {
    return new Chance(this.random.fork(name))
  }

  happens(probability: number): boolean {
    return this.random.nextDoubleUnsafe() < probability
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random.nextDoubleUnsafe() * (most - least + 1))
  }

  pick<const A>(items: ReadonlyArray<A>): A {
    return items[this.between(0, items.length - 1)] as A
  }

  /** One of the names, as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries<number>(weights) as unknown as ReadonlyArray<[Name, number]>
    let rest = this.random.nextDoubleUnsafe() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      rest -= weight
      if (rest < 0) return name
    }
    return (entries.at(-1) as [Name, number])[0]
  }

  /** Milliseconds with a heavy tail: mostly about the median, now and then a hundred times as long (a Pareto tail). */
  latencyMs(median: number): number {
    return Math.ceil(Math.min(median * 500, (median / 2) * (1 - this.random.nextDoubleUnsafe()) ** -1))
  }
}
