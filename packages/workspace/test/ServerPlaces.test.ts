import { assert, it } from "@effect/vitest"
import * as ServerPlaces from "../src/ServerPlaces.ts"
import type * as Trust from "../src/Trust.ts"

const user = {
  configFile: "/c/config.json",
  instructionsFile: "/c/AGENTS.md",
  databaseFile: "/d/parley.db",
  resultsDirectory: "/d/results",
  mcpAuthDirectory: "/d/mcp-auth",
  stateDirectory: "/s"
}
const declaring = (standing: Trust.Standing): Trust.Standings => ({
  servers: [{ name: "github", hash: "0", config: { command: "x" }, standing, allow: [] }],
  problem: undefined
})

it("servers of one name that others declare have places of their own", () => {
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
