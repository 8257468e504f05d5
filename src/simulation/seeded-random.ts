import type * as Random from "effect/Random"

const mix = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** 32 bits of a text; the same text gives the same bits. */
const bitsOf = (text: string): number => {
  let bits = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193)
  return mix(bits)
}

/** Random numbers that follow from a seed alone, as Effect's Random: the sfc32 generator of Chris Doty-Humphrey's PractRand. */
export class SeededRandom implements Random.Random {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number | string) {
    this.#seed = String(seed)
    this.#a = bitsOf(`a${seed}`)
    this.#b = bitsOf(`b${seed}`)
    this.#c = bitsOf(`c${seed}`)
    // The first numbers still show the seed.
    for (let round = 0; round < 12; round += 1) this.#next()
  }

  /** Another sequence, which depends on the seed and the name only: what one part draws does not shift the others. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`)
  }

  nextIntUnsafe(): number {
    const high = this.#next() >>> 11
    const magnitude = high * 0x1_0000_0000 + this.#next()
    return this.#next() % 2 === 0 ? magnitude : -magnitude
  }

  nextDoubleUnsafe(): number {
    return ((this.#next() >>> 5) * 0x400_0000 + (this.#next() >>> 6)) / 0x20_0000_0000_0000
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
