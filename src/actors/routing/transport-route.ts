import * as z from "zod"
import { domainOrIssue, parse, type Transport } from "../../sdk/index.ts"

/** One of several ways out for mails. */
export interface TransportRoute {
  readonly transport: Transport
  /** Tells it apart, in histories and stored circuits too: keep it. Default: the transport's own name. */
  readonly name?: string
  /**
   * Its share of the mails, beside those of the other ways that are up. 0: only when all others are out; several of those
   * in their order. Default 1.
   */
  readonly weight?: number
  /** Domains of From addresses that it takes; default: all. */
  readonly senders?: ReadonlyArray<string>
}

/** A checked {@link TransportRoute}. */
export interface RouteSettings {
  readonly name: string
  readonly transport: Transport
  readonly weight: number
  /** `undefined`: all. */
  readonly senders: ReadonlySet<string> | undefined
}

/** The ways out of a runtime. */
export interface RoutingSettings {
  /** At least one. */
  readonly routes: ReadonlyArray<RouteSettings>
  /** Whether each mail notes which way it took: not where there never was more than one. */
  readonly noted: boolean
}

/** The only way out. */
export const singleRoute = (transport: Transport): RoutingSettings => ({
  routes: [{ name: transport.name, transport, weight: 1, senders: undefined }],
  noted: false,
})

const isTransport = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "send" in value && typeof value.send === "function"

const routeSchema = z
  .strictObject({
    transport: z.custom<Transport>(isTransport, 'must be a transport: smtp("smtp://…"), or what defineTransport makes'),
    name: z.string().min(1).max(100).optional(),
    weight: z.number().min(0).max(1e6).default(1),
    senders: z
      .array(z.string().transform((name, context) => domainOrIssue(name, context)))
      .min(1, "must name a domain; leave it out where all are taken")
      .transform((names): ReadonlySet<string> => new Set(names))
      .optional(),
  })
  .transform(
    ({ transport, name, weight, senders }): RouteSettings => ({
      name: name ?? transport.name,
      transport,
      weight,
      senders,
    }),
  )

const routesSchema = z
  .array(routeSchema)
  .min(1, "needs at least one transport")
  .superRefine((routes, context) => {
    for (const [index, { name, transport }] of routes.entries()) {
      if (routes.findIndex((other) => other.transport === transport) !== index)
        context.addIssue({ code: "custom", path: [index, "transport"], message: "is given twice; make one for each" })
      if (routes.findIndex((other) => other.name === name) !== index)
        context.addIssue({
          code: "custom",
          path: [index, "name"],
          message: `there is a transport "${name}" already; give each a name of its own: { transport, name: "backup" }`,
        })
    }
  })

const optionsSchema = z
  .object({
    transport: z.custom<Transport>(isTransport, "must be a transport").optional(),
    transports: routesSchema.optional(),
  })
  .refine(({ transport, transports }) => (transport === undefined) !== (transports === undefined), {
    message: "give either transport: one, or transports: [{ transport: one }, { transport: another }]",
  })

/**
 * The ways out that a runtime's options ask for.
 *
 * @throws InvalidInput when both `transport` and `transports` are given, or neither, and for routes that make no sense.
 */
export const parseRouting = (options: {
  readonly transport?: Transport | undefined
  readonly transports?: ReadonlyArray<TransportRoute> | undefined
}): RoutingSettings => {
  const { transport, transports } = parse(optionsSchema, options, "The runtime's transport")
  return transport === undefined ? { routes: transports ?? [], noted: true } : singleRoute(transport)
}
