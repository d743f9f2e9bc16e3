import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { BlockList } from "node:net"
import { isThisMachine } from "../src/auth/Hosts.ts"
import { addressIn, placeOf } from "../src/auth/Addresses.ts"

const Byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const IPv4 = Schema.Tuple([Byte, Byte, Byte, Byte])
type IPv4 = typeof IPv4.Type

const hex = (high: number, low: number): string => (high * 256 + low).toString(16)

/** Every way to embed an IPv4 address in an IPv6 address, by name. */
const embeddings = ([a, b, c, d]: IPv4): ReadonlyArray<readonly [way: string, address: string]> => {
  const [high, low] = [hex(a, b), hex(c, d)]
  const inverted = `${hex(255 - a, 255 - b)}:${hex(255 - c, 255 - d)}`
  return [
    ["mapped", `::ffff:${high}:${low}`],
    ["mapped, dotted", `::ffff:${a}.${b}.${c}.${d}`],
    ["mapped, in full, with a zone", `0000:0000:0000:0000:0000:FFFF:${high}:${low}%eth0`],
    ["compatible", `::${high}:${low}`],
    ["translated", `::ffff:0:${high}:${low}`],
    ["NAT64", `64:ff9b::${high}:${low}`],
    ["local NAT64", `64:ff9b:1::${high}:${low}`],
    ["6to4", `2002:${high}:${low}::1`],
    ["the client of Teredo", `2001:0:808:808:0:0:${inverted}`],
    ["the server of Teredo", `2001:0:${high}:${low}:0:0:f7f7:f7f7`],
    ["ISATAP", `2606:4700::5efe:${high}:${low}`],
    ["ISATAP, universal", `2606:4700::200:5efe:${high}:${low}`],
    ["ISATAP inside of 6to4", `2002:808:808::5efe:${high}:${low}`]
  ]
}

/** The ranges that the IANA registries reserve, in another form than in the code under test. */
const reserved = new BlockList()
for (const [from, to] of [
  ["0.0.0.0", "0.255.255.255"],
  ["10.0.0.0", "10.255.255.255"],
  ["100.64.0.0", "100.127.255.255"],
  ["127.0.0.0", "127.255.255.255"],
  ["168.63.129.16", "168.63.129.16"],
  ["169.254.0.0", "169.254.255.255"],
  ["172.16.0.0", "172.31.255.255"],
  ["192.0.0.0", "192.0.0.255"],
  ["192.0.2.0", "192.0.2.255"],
  ["192.31.196.0", "192.31.196.255"],
  ["192.52.193.0", "192.52.193.255"],
  ["192.88.99.0", "192.88.99.255"],
  ["192.168.0.0", "192.168.255.255"],
  ["192.175.48.0", "192.175.48.255"],
  ["198.18.0.0", "198.19.255.255"],
  ["198.51.100.0", "198.51.100.255"],
  ["203.0.113.0", "203.0.113.255"],
  ["224.0.0.0", "255.255.255.255"]
] as const)
  reserved.addRange(from, to)

const known: ReadonlyArray<IPv4> = [
  [127, 0, 0, 1],
  [169, 254, 169, 254],
  [168, 63, 129, 16],
  [100, 100, 100, 200],
  [192, 0, 0, 192],
  [0, 0, 0, 0],
  [0, 1, 2, 3],
  [255, 255, 255, 255],
  [239, 1, 2, 3],
  [203, 0, 113, 7],
  [172, 31, 255, 255]
]
const Any = Schema.Union([IPv4, Schema.Literals(known.map((bytes) => bytes.join(".")))])
const bytesOf = (any: typeof Any.Type): IPv4 => {
  if (typeof any !== "string") return any
  const [a = 0, b = 0, c = 0, d = 0] = any.split(".").map(Number)
  return [a, b, c, d]
}

describe("the kind of network of an address", () => {
  it.prop(
    "is the same for an IPv4 address in all of its embeddings",
    [Any],
    ([any]) => {
      const bytes = bytesOf(any)
      const address = bytes.join(".")
      const place = placeOf(address)
      assert.strictEqual(place === "public", !reserved.check(address), address)
      for (const [way, written] of embeddings(bytes)) assert.strictEqual(placeOf(written), place, `${way}: ${written}`)
    },
    { arbitrary: { runs: 1000 } }
  )

  it.prop(
    "is public for global unicast IPv6, and for nothing outside of it",
    [IPv4],
    ([[a, b, c, d]]) => {
      const global = `${hex(0x24 + (a % 8), b)}:${hex(c, d)}::1`
      assert.strictEqual(placeOf(global), "public", global)
      const outside = `${hex(a < 0x40 ? 0x40 + (a % 0x20) : a, b)}:${hex(c, d)}:1::1`
      assert.notStrictEqual(placeOf(outside), "public", outside)
    },
    { arbitrary: { runs: 500 } }
  )

  it("is known for each special block", () => {
    const places = {
      "::1": "loopback",
      "::1%lo": "loopback",
      "::127.0.0.1": "loopback",
      "fe80::1%eth0": "link-local",
      "febf::1": "link-local",
      "168.63.129.16": "link-local",
      "100.100.100.200": "link-local",
      "fd00:ec2::254": "link-local",
      "::ffff:0:a9fe:a9fe": "link-local",
      "fe80::5efe:808:808": "link-local",
      "fc00::1": "private",
      "fdff:ffff::1": "private",
      "64:ff9b:1:ffff::1": "private",
      "192.0.0.192": "nowhere",
      "192.88.99.1": "nowhere",
      "::": "nowhere",
      "100::1": "nowhere",
      "100:0:0:1::1": "nowhere",
      "2001:2::1": "nowhere",
      "2001:4:112::1": "nowhere",
      "2001:1ff:ffff::1": "nowhere",
      "2001:db8::1": "nowhere",
      "2620:4f:8000::1": "nowhere",
      "3fff:fff::1": "nowhere",
      "5f00::1": "nowhere",
      "fec0::1": "nowhere",
      "ff02::1": "nowhere",
      "2001:0:7f00:1:0:0:5601:5601": "nowhere",
      "no address": "nowhere",
      "2001:200::1": "public",
      "2620:4f:8001::1": "public",
      "3fff:1000::1": "public"
    }
    for (const [address, place] of Object.entries(places)) assert.strictEqual(placeOf(address), place, address)
  })

  it("does not depend on the notation in a URL", () => {
    const written = [
      "2130706433",
      "017700000001",
      "0x7f000001",
      "0x7F.1",
      "127.1",
      "0177.0.0.1",
      "127.0.0.1.",
      "%31%32%37.0.0.1",
      "１２７.０.０.１",
      "127。0。0。1",
      "①②⑦.0.0.1",
      "[::ffff:7f00:1]",
      "[0:0:0:0:0:0:0:1]",
      "[::127.0.0.1]"
    ]
    for (const host of written) {
      const { hostname } = new URL(`http://${host}/`)
      assert.strictEqual(placeOf(addressIn(hostname) ?? ""), "loopback", host)
      assert.isTrue(isThisMachine(hostname), host)
    }
  })

  it("is this machine only for its own names", () => {
    for (const name of ["localhost", "LOCALHOST", "localhost.", "a.localhost"]) assert.isTrue(isThisMachine(name), name)
    for (const name of ["localhost.example.org", "notlocalhost", "127.0.0.1.nip.example", "10.0.0.1", "[fd00::1]", ""])
      assert.isFalse(isThisMachine(name), name)
  })
})
