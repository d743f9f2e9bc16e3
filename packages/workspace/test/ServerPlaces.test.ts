import { assert, it } from "@effect/vitest"
import * as ServerPlaces from "../src/trust/ServerPlaces.ts"
import type * as Trust from "../src/trust/Trust.ts"

const user = {
  configFile: "/c/config.json",
  instructionsFile: "/c/AGENTS.md",
  databaseFile: "/d/parley.db",
  resultsDirectory: "/d/results",
  keysFile: "/none/keys.json",
  mcpAuthDirectory: "/d/mcp-auth",
  stateDirectory: "/s"
}
const declaring = (standing: Trust.Standing): Trust.Standings => ({
  servers: [{ name: "github", hash: "0", config: { command: "x" }, standing, allow: [] }],
  problem: undefined
})

it("servers of the same name with different owners have separate directories", () => {
  const owners = [
    ServerPlaces.ownerOf("/a", declaring("trusted"), "mine"),
    ServerPlaces.ownerOf("/a", declaring("shadowed"), "github"),
    ServerPlaces.ownerOf("/a", declaring("trusted"), "github"),
    ServerPlaces.ownerOf("/b", declaring("unknown"), "github")
  ]
  assert.deepStrictEqual(owners, ["user", "user", { root: "/a" }, { root: "/b" }])
  for (const [of, own] of [
    [ServerPlaces.logs, "/s/mcp-logs"],
    [ServerPlaces.logins, "/d/mcp-auth"]
  ] as const) {
    const places = owners.map((owner) => of(user, owner))
    assert.deepStrictEqual(places.slice(0, 2), [own, own])
    assert.strictEqual(new Set(places).size, 3)
  }
})
