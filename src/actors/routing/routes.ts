import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { failedInARow } from "../../machines/index.ts"
import { elapsedMs } from "../elapsed.ts"
import type { Problems } from "../problems.ts"
import type { SendEvent } from "../send-event.ts"
import { makeSender, type SendRequest } from "../sender.ts"
import type { Later, Shaper, Ticket } from "../shaping/shaper.ts"
import type { Store } from "../store.ts"
import { makeTransportGate } from "../transport-gate.ts"
import { type Choice, chooseRoute, isUp, type Route, type RoutedMail, takes, waysOf } from "./choice.ts"
import { gateEventsOf } from "./gate-event.ts"
import { Refusals } from "./refusals.ts"
import type { RoutingSettings } from "./transport-route.ts"

/** What a call ended with, and whether its sender has any way out left. */
export interface Heard {
  readonly event: SendEvent
  /** All transports that take this sender's mails refuse to, whatever the mail. */
  readonly isStuck: boolean
}

/** The transports of the process: which mail goes through which, each behind its own gate. */
export class Routes extends Context.Service<
  Routes,
  {
    /** In their order. */
    readonly all: readonly [Route, ...ReadonlyArray<Route>]
    /** What an attempt notes about its way; nothing where there never was more than one. */
    readonly note: (route: Route, before: string | undefined) => { readonly via?: string }
    /** The route that an attempt noted; `undefined` when it is not configured, or nobody knows. */
    readonly of: (via: string | undefined) => Route | undefined
    /** Whether any takes mails from this domain. */
    readonly take: (sender: string) => boolean
    /** The transports of which any may take this mail, and whether every one of their hosts is down. */
    readonly waysOf: (mail: RoutedMail) => { readonly names: ReadonlyArray<string>; readonly areShut: boolean }
    /**
     * Chooses a route and runs the effect in a slot of it. Without running it answers `"closed"` when it was withdrawn or
     * the runtime drains, or when it should come again.
     */
    readonly withSlot: <A, E>(
      mail: RoutedMail & { readonly key: string; readonly ticket: Ticket },
      body: (route: Route) => Effect.Effect<A, E>,
    ) => Effect.Effect<A | "closed" | Later, E>
    /** Calls the route's transport for a mail, and draws the conclusions from what it says. */
    readonly send: (route: Route, mail: RoutedMail, request: SendRequest) => Effect.Effect<Heard>
    /** Why one stands in line, in words; `undefined` when it does not. */
    readonly whyWaiting: (key: string) => string | undefined
    /** Takes one who waits out of the line; who has a slot keeps it. */
    readonly withdraw: (key: string) => void
    /** Nothing new starts from now on; who waits is told so. */
    readonly close: () => void
    /** Aborts all calls under way; those that were handed off are in doubt. */
    readonly abortAll: () => void
  }
>()("sendstate/actors/Routes") {
  static readonly layer = (settings: RoutingSettings): Layer.Layer<Routes, never, Shaper | Store | Problems> =>
    Layer.effect(Routes, makeRoutes(settings))
}

const makeRoutes = ({ routes: configured, noted }: RoutingSettings) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const made: Array<Route> = []
    // Who stands before a host that is down may have a better place by now.
    const onCircuit = (): void => {
      if (made.length > 1) for (const route of made) if (!isUp(route)) route.gate.sendElsewhere()
    }
    for (const route of configured)
      made.push({
        ...route,
        gate: yield* makeTransportGate(route.name, route.transport, onCircuit),
        sender: yield* makeSender(route.transport),
        refusals: new Refusals(),
      })
    const [first, ...others] = made
    if (first === undefined) return yield* Effect.die(new Error("A runtime needs a transport."))
    const all: Routes["Service"]["all"] = [first, ...others]

    const of = (via: string | undefined): Route | undefined =>
      via === undefined ? (all.length === 1 ? all[0] : undefined) : all.find(({ name }) => name === via)
    const willingFor = (sender: string): ReadonlyArray<Route> =>
      all.filter((route) => takes(route, sender) && !route.refusals.has(sender))

    const choose = (mail: RoutedMail & { readonly ticket: Ticket }): Choice | undefined =>
      chooseRoute(all, of(mail.context.via), mail, {
        now: elapsedMs(clock),
        random: () => random.nextDoubleUnsafe(),
        waitFor: (name) => mail.ticket.waitFor(name, clock.currentTimeMillisUnsafe()),
      })

    const withSlot = <A, E>(
      mail: RoutedMail & { readonly key: string; readonly ticket: Ticket },
      body: (route: Route) => Effect.Effect<A, E>,
    ): Effect.Effect<A | "closed" | Later, E> =>
      Effect.suspend(() => {
        const choice = choose(mail)
        if (choice === undefined) return Effect.succeed("closed" as const)
        if ("waitMs" in choice) {
          const dueAt = clock.currentTimeMillisUnsafe() + Math.ceil(choice.waitMs)
          return Effect.succeed<Later>({ type: "later", dueAt, reason: choice.reason })
        }
        const { route, mayLeave } = choice
        mail.ticket.goThrough(route.name)
        return Effect.flatMap(
          route.gate.withSlot({ key: mail.key, ticket: mail.ticket, mayLeave }, body(route)),
          (end) =>
            end === "elsewhere" ? withSlot(mail, body) : Effect.succeed(end as Exclude<typeof end, "elsewhere">),
        )
      })

    // Not about the mail, and not in doubt: another transport that has not failed it yet may have it at once.
    const goesElsewhere = (route: Route, { sender, context }: RoutedMail, event: SendEvent): boolean =>
      event.type === "REJECTED" &&
      (event.scope === "host" || event.scope === "config") &&
      context.unknownAttempts.length === 0 &&
      willingFor(sender).some((other) => other !== route && isUp(other) && !failedInARow(context).includes(other.name))

    const hear = (route: Route, mail: RoutedMail, event: SendEvent): Heard => {
      for (const heard of gateEventsOf(event)) {
        if (heard.type === "CONFIG_REFUSED" && event.type === "REJECTED")
          route.refusals.note(mail.sender, event.response ?? event.code, elapsedMs(clock))
        else if (heard.type === "SUCCEEDED" || heard.type === "REACHED") route.refusals.forget(mail.sender)
        route.gate.report(heard)
      }
      if (event.type !== "REJECTED") return { event, isStuck: false }
      const isStuck = event.scope === "config" && willingFor(mail.sender).length === 0
      if (event.scope === "config" && !isStuck) route.gate.sendElsewhere()
      return { event: goesElsewhere(route, mail, event) ? { ...event, reroute: true } : event, isStuck }
    }

    return Routes.of({
      all,
      note: ({ name }, before) => (noted || before !== undefined ? { via: name } : {}),
      of,
      take: (sender) => all.some((route) => takes(route, sender)),
      waysOf: (mail) => {
        const ways = waysOf(all, of(mail.context.via), mail)
        return { names: ways.map(({ name }) => name), areShut: ways.length > 0 && !ways.some(isUp) }
      },
      withSlot,
      send: (route, mail, request) => Effect.map(route.sender.send(request), (event) => hear(route, mail, event)),
      whyWaiting: (key) => {
        for (const { gate } of all) {
          const why = gate.whyWaiting(key)
          if (why !== undefined) return why
        }
        return undefined
      },
      withdraw: (key) => {
        for (const { gate } of all) gate.withdraw(key)
      },
      close: () => {
        for (const { gate } of all) gate.close()
      },
      abortAll: () => {
        for (const { sender } of all) sender.abortAll()
      },
    })
  })
