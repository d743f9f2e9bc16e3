import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Address, isOwnName, permitted, Resolver } from "../src/auth/AuthHosts.ts"

it("only names that no other party can own count as this machine", () => {
  for (const name of ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "[::1]"])
    assert.isTrue(isOwnName(name), name)
  for (const name of ["localhost.example.org", "notlocalhost", "example.org", "vm", "127.0.0.1.nip.example"])
    assert.isFalse(isOwnName(name), name)
})

it.live("http on this machine is permitted only for servers on this machine", () =>
  Effect.gen(function* () {
    const ask = (server: string, url: string) => Effect.result(permitted(new URL(server), new URL(url)))
    assert.strictEqual((yield* ask("http://127.0.0.1:1/mcp", "http://127.0.0.1:2/token"))._tag, "Success")
    assert.strictEqual((yield* ask("http://localhost:1/mcp", "http://127.0.0.1:2/token"))._tag, "Success")
    assert.strictEqual((yield* ask("https://93.184.216.34/mcp", "http://127.0.0.1:2/token"))._tag, "Failure")
    assert.strictEqual((yield* ask("https://93.184.216.34/mcp", "https://127.0.0.1:2/token"))._tag, "Failure")
  })
)

it.effect("a name is checked by every address that it resolves to", () =>
  Effect.gen(function* () {
    const public4: Address = { address: "93.184.216.34", family: 4 }
    const ask = (...addresses: ReadonlyArray<string>) =>
      permitted(new URL("https://93.184.216.34/mcp"), new URL("https://login.example/token")).pipe(
        Effect.provideService(Resolver, () =>
          Promise.resolve([
            public4,
            ...addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
          ])
        )
      )
    assert.deepStrictEqual(yield* ask(), [public4])
    for (const address of [
      "127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "168.63.129.16",
      "100.100.100.200",
      "192.0.0.192",
      "203.0.113.1",
      "::ffff:0:a9fe:a9fe",
      "::127.0.0.1",
      "64:ff9b:1::7f00:1",
      "2002:a9fe:a9fe::1",
      "2001::5601:5601",
      "fd00:ec2::254",
      "fe80::1%eth0",
      "2606:4700::5efe:a00:1",
      "5f00::1"
    ]) {
      const said = yield* Effect.match(ask(address), {
        onFailure: ({ message }) => message,
        onSuccess: () => "it is asked"
      })
      assert.match(said, /of a (loopback|link-local|private|nowhere) network/, address)
    }
  })
)

it.effect("no request is sent to a name without an address", () =>
  Effect.gen(function* () {
    const ask = permitted(new URL("https://93.184.216.34/mcp"), new URL("https://login.example/token"))
    for (const resolve of [() => Promise.resolve([]), () => Promise.reject(new Error("ENOTFOUND"))]) {
      const { message } = yield* Effect.flip(Effect.provideService(ask, Resolver, resolve))
      assert.strictEqual(message, "the host login.example is not known")
    }
  })
)
