import { BlockList, isIP, isIPv6 } from "node:net"

/** Whose network an address is of. `nowhere` are addresses that nobody has, some of which still reach this machine. */
export type Place = "public" | "loopback" | "private" | "link-local" | "nowhere"

const list = (...ranges: ReadonlyArray<readonly [net: string, prefix: number]>): BlockList => {
  const block = new BlockList()
  for (const [net, prefix] of ranges) block.addSubnet(net, prefix, isIPv6(net) ? "ipv6" : "ipv4")
  return block
}

const places: ReadonlyArray<readonly [Place, BlockList]> = [
  ["loopback", list(["127.0.0.0", 8], ["::1", 128])],
  ["link-local", list(["169.254.0.0", 16], ["fe80::", 10])],
  ["private", list(["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16], ["100.64.0.0", 10], ["fc00::", 7])],
  [
    "nowhere",
    list(
      ["0.0.0.0", 8],
      ["192.0.0.0", 24],
      ["198.18.0.0", 15],
      ["224.0.0.0", 3],
      ["::", 128],
      ["fec0::", 10],
      ["ff00::", 8]
    )
  ]
]

/** Prefixes behind which an IPv4 address stands: mapped, translated (NAT64) and 6to4. */
const embedded = /^(?:::ffff:|64:ff9b::)([0-9a-f]{0,4}):([0-9a-f]{1,4})$|^2002:([0-9a-f]{1,4}):([0-9a-f]{0,4}):/

const inside = (address: string): string => {
  const canonical = new URL(`http://[${address.replace(/%.*$/s, "")}]`).hostname.slice(1, -1)
  const [, high, low, high6, low6] = embedded.exec(canonical) ?? []
  const [h, l] = [high ?? high6, low ?? low6]
  if (h === undefined || l === undefined) return canonical
  const bits = (Number.parseInt(h === "" ? "0" : h, 16) << 16) | Number.parseInt(l === "" ? "0" : l, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".")
}

/** Where an IP address leads. An IPv4 address inside of an IPv6 address counts as itself. */
export const placeOf = (address: string): Place => {
  const plain = isIPv6(address) ? inside(address) : address
  const family = isIP(plain)
  if (family === 0) return "nowhere"
  const found = places.find(([, block]) => block.check(plain, family === 6 ? "ipv6" : "ipv4"))
  return found === undefined ? "public" : found[0]
}
