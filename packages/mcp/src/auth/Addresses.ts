import { BlockList, isIP, isIPv6 } from "node:net"

/**
 * The kind of network that an address belongs to. `link-local` includes the metadata services of cloud providers, which
 * respond on the machine's own link whatever their address looks like. `nowhere` covers reserved, documentation and
 * multicast ranges and the like: no server has such an address, though some of them reach this machine.
 */
export type Place = "public" | "loopback" | "private" | "link-local" | "nowhere"

const list = (...ranges: ReadonlyArray<string>): BlockList => {
  const block = new BlockList()
  for (const range of ranges) {
    const [net = "", prefix = ""] = range.split("/")
    block.addSubnet(net, Number(prefix), isIPv6(net) ? "ipv6" : "ipv4")
  }
  return block
}

/** The IANA IPv4 Special-Purpose Address Registry, multicast, the reserved range 240.0.0.0/4, and metadata services. */
const ipv4: ReadonlyArray<readonly [Place, BlockList]> = [
  ["loopback", list("127.0.0.0/8")],
  // The metadata services of Azure and Alibaba Cloud are outside of 169.254.0.0/16.
  ["link-local", list("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32")],
  ["private", list("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")],
  [
    "nowhere",
    list(
      "0.0.0.0/8",
      "192.0.0.0/24",
      "192.0.2.0/24",
      "192.31.196.0/24",
      "192.52.193.0/24",
      "192.88.99.0/24",
      "192.175.48.0/24",
      "198.18.0.0/15",
      "198.51.100.0/24",
      "203.0.113.0/24",
      "224.0.0.0/3"
    )
  ]
]

/** The IANA IPv6 Special-Purpose Address Registry and metadata services. */
const ipv6: ReadonlyArray<readonly [Place, BlockList]> = [
  [
    "link-local",
    list("fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "fd00:42::42/128", "fd00:c1::a9fe:a9fe/128")
  ],
  ["private", list("fc00::/7", "64:ff9b:1::/48")],
  ["nowhere", list("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")]
]
/** The range that is assigned to the public internet. */
const globalUnicast = list("2000::/3")

const placeOf4 = (address: string): Place => ipv4.find(([, block]) => block.check(address))?.[0] ?? "public"

const placeOf6 = (address: string): Place =>
  ipv6.find(([, block]) => block.check(address, "ipv6"))?.[0] ??
  (globalUnicast.check(address, "ipv6") ? "public" : "nowhere")

/** The eight groups of an IPv6 address in the form that `URL` produces. */
const groupsOf = (address: string): ReadonlyArray<number> => {
  const [head = [], tail] = address.split("::").map((part) => (part === "" ? [] : part.split(":")))
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0")
  return [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16))
}

/** The places of the IPv4 addresses embedded in an IPv6 address, and whether it reaches only those. */
const embedded = (groups: ReadonlyArray<number>): { readonly places: ReadonlyArray<Place>; readonly only: boolean } => {
  const at = (index: number, mask = 0): Place => {
    const [high, low] = [(groups[index] ?? 0) ^ mask, (groups[index + 1] ?? 0) ^ mask]
    return placeOf4([high >> 8, high & 255, low >> 8, low & 255].join("."))
  }
  const starts = (...prefix: ReadonlyArray<number>) => prefix.every((group, index) => groups[index] === group)
  const mapped = starts(0, 0, 0, 0, 0, 0xffff)
  const compatible = starts(0, 0, 0, 0, 0, 0)
  const translated =
    starts(0, 0, 0, 0, 0xffff, 0) || starts(0x64, 0xff9b, 0, 0, 0, 0) || starts(0x64, 0xff9b, 1, 0, 0, 0)
  const ends = mapped || compatible || translated
  const is6to4 = starts(0x2002)
  const isTeredo = starts(0x2001, 0)
  // The "universal" and "group" bits of an ISATAP interface identifier may have either value.
  const isIsatap = ((groups[4] ?? 0) & 0xfcff) === 0 && groups[5] === 0x5efe
  return {
    places: [
      ...(ends || isIsatap ? [at(6)] : []),
      ...(is6to4 ? [at(1)] : []),
      // The address of the Teredo server, and that of the client, whose bits are inverted.
      ...(isTeredo ? [at(2), at(6, 0xffff)] : [])
    ],
    only: ends || is6to4 || isTeredo
  }
}

/**
 * The kind of network that an IP address leads to. An IPv4 address embedded in an IPv6 address counts like the IPv4 address
 * itself. An address that leads to several kinds of special networks is `nowhere`, so that no kind can be used to reach
 * another. Text that is not an IP address is `nowhere` as well.
 */
export const placeOf = (address: string): Place => {
  const family = isIP(address)
  if (family === 0) return "nowhere"
  if (family === 4) return placeOf4(address)
  const canonical = new URL(`http://[${address.replace(/%.*$/s, "")}]`).hostname.slice(1, -1)
  if (canonical === "::1") return "loopback"
  const { only, places } = embedded(groupsOf(canonical))
  const special = new Set([...(only ? [] : [placeOf6(canonical)]), ...places].filter((place) => place !== "public"))
  return special.size > 1 ? "nowhere" : (special.values().next().value ?? "public")
}

const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/s, "$1")

/** The host of a `URL` as an IP address without brackets; `undefined` if it is a name. */
export const addressIn = (hostname: string): string | undefined => {
  const host = bare(hostname)
  return isIP(host) === 0 ? undefined : host
}

/** Whether a name always refers to this machine by RFC 6761, so that no other party can own it. */
export const isLocalName = (hostname: string): boolean => /^(?:.+\.)?localhost\.?$/i.test(hostname)

/**
 * Whether the host of a `URL` is this machine, without using a resolver.
 *
 * @since 0.1.0
 * @category guards
 */
export const isThisMachine = (hostname: string): boolean => {
  const address = addressIn(hostname)
  return address === undefined ? isLocalName(hostname) : placeOf(address) === "loopback"
}
