import { lookup } from "node:dns/promises"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { plainLine } from "../PlainText.ts"
import { addressIn, isLocalName, type Place, placeOf } from "./Addresses.ts"

/** An address that a server named for its login, and that is not asked. */
export class AddressRefused extends Schema.TaggedError<AddressRefused>()("AddressRefused", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

export interface Address {
  readonly address: string
  readonly family: number
}

/** The addresses of a name, as the system resolves it. */
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

/** A name whose owner is this machine. Any other may lead here by its own choice, and is then still a stranger's. */
export const isOwnName = (hostname: string): boolean => addressIn(hostname) !== undefined || isLocalName(hostname)

/**
 * Whether an address that `server` named may be asked, and at which IP addresses, so that it cannot become another between
 * this check and the connection. Only https, unless both are on this machine; and nothing in a network that outsiders
 * cannot reach, unless the server is in such a one itself. Through a proxy the address that is reached is the proxy's choice.
 */
export const permitted = Effect.fnUntraced(function* (
  server: URL,
  url: URL,
  /** A proxy looks the names up itself. What can be found out here is held against them all the same. */
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
