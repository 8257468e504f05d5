import type { MaybePromise } from "sendstate/sdk"

/** Goes on with a value, at once where it is there: one code for storages that answer at once and for others. */
export const chain = <A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> =>
  value instanceof Promise ? value.then(next) : next(value)

/** One after the other, at once where all answers are there. */
export const inOrder = <A>(items: Iterable<A>, body: (item: A) => MaybePromise<unknown>): MaybePromise<void> => {
  const iterator = items[Symbol.iterator]()
  const next = (): MaybePromise<void> => {
    for (let item = iterator.next(); item.done !== true; item = iterator.next()) {
      const answer = body(item.value)
      if (answer instanceof Promise) return answer.then(next)
    }
  }
  return next()
}
