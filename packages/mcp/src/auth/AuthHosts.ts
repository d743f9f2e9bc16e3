import { lookup } from "node:dns/promises"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { plainLine } from "@parley/domain/VisibleText"
import { addressIn, isLocalName, type Place, placeOf } from "./Addresses.ts"

/** A server named an address for its login to which Parley sends no request. */
export class AddressRefused extends Schema.TaggedError<AddressRefused>()("AddressRefused", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

export interface Address {
  readonly address: string
  readonly family: number
}

/** Resolves a host name to IP addresses. The default uses the system's resolver. */
export const Resolver = Context.Reference<(name: string) => Promise<ReadonlyArray<Address>>>(
  "@parley/mcp/AuthHosts/Resolver",
  { defaultValue: () => (name) => lookup(name, { all: true }) }
)

const addressesOf = Effect.fnUntraced(function* (
  hostname: string
): Effect.fn.Return<ReadonlyArray<Address>, AddressRefused> {
  const address = addressIn(hostname)
  if (address !== undefined) return [{ address, family: address.includes(":") ? 6 : 4 }]
  const resolve = yield* Resolver
  const unknown = new AddressRefused({ problem: `the host ${plainLine(hostname, 100)} is not known` })
  const found = yield* Effect.tryPromise({ try: () => resolve(hostname), catch: () => unknown })
  return found.length === 0 ? yield* unknown : found
})

const placesOf = (addresses: ReadonlyArray<Address>): ReadonlyArray<Place> =>
  addresses.map(({ address }) => placeOf(address))

/** Whether a host is an IP address or a name of this machine. The owner of any other name may point it at this machine. */
export const isOwnName = (hostname: string): boolean => addressIn(hostname) !== undefined || isLocalName(hostname)

/**
 * Checks whether requests may be sent to an address that `server` named. Returns the IP addresses to connect to, so that the
 * name cannot resolve to others between this check and the connection. Only https is permitted, unless both are on this
 * machine. An address in a network that is not public is refused, unless the server is in a network of the same kind.
 * Through a proxy, the proxy chooses the address that is reached.
 */
export const permitted = Effect.fnUntraced(function* (
  server: URL,
  url: URL,
  /** A proxy resolves names itself. The addresses that can be resolved here are checked nevertheless. */
  isProxied: boolean = false
): Effect.fn.Return<ReadonlyArray<Address>, AddressRefused> {
  const shown = plainLine(`${url.protocol}//${url.host}`, 120)
  const refuse = (why: string) => new AddressRefused({ problem: `the server's login leads to ${shown}, ${why}` })
  if (url.protocol !== "https:" && url.protocol !== "http:") return yield* refuse("which is no web address")
  if (url.username !== "" || url.password !== "") return yield* refuse("with a user name or password in it")
  const find = (hostname: string) =>
    isProxied ? Effect.orElseSucceed(addressesOf(hostname), () => []) : addressesOf(hostname)
  const addresses = yield* find(url.hostname)
  const places = placesOf(addresses)
  const found = url.hostname === server.hostname ? places : placesOf(yield* find(server.hostname))
  const own = isOwnName(server.hostname) ? found : found.filter((place) => place !== "loopback")
  const local = (all: ReadonlyArray<Place>) => all.length > 0 && all.every((place) => place === "loopback")
  if (url.protocol === "http:" && !(local(places) && local(own)))
    return yield* refuse("which is not https: nothing secret is sent there")
  const closed = places.find((place) => place === "nowhere" || (place !== "public" && !own.includes(place)))
  if (closed !== undefined) return yield* refuse(`an address of a ${closed} network, where the server itself is not`)
  return addresses
})
