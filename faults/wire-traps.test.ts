import { stdout } from "node:process"
import { join } from "node:path"
import { afterAll, assert, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "../packages/harness/src/provider/SseServer.ts"
import { outcome } from "../packages/harness/src/wires/Outcome.ts"
import { wires } from "../packages/harness/src/wires/wires.ts"
import { byteTraps } from "./wires/byteTraps.ts"
import { contentTraps } from "./wires/contentTraps.ts"
import { sdkTraps } from "./wires/sdkTraps.ts"
import { statusTraps } from "./wires/statusTraps.ts"
import type { Trap } from "./wires/trap.ts"

const traps: ReadonlyArray<Trap> = [...byteTraps, ...statusTraps, ...contentTraps, ...sdkTraps]
const key = (trap: Trap, wire: string): string => `${trap.row} ${trap.name} ${wire}`
const passed = new Set<string>()

const cells = (trap: Trap): ReadonlyArray<string> =>
  wires.map((wire) => (trap.of(wire) === undefined ? "-" : passed.has(key(trap, wire.name)) ? "yes" : "NO"))

/** A table as the formatter of this repository writes it. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const [head = []] = rows
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n")
}

const summary = (): ReadonlyArray<string> =>
  wires.map((_, i) => {
    const all = traps.map((trap) => cells(trap)[i]).filter((cell) => cell !== "-")
    return `${all.filter((cell) => cell === "yes").length}/${all.length}`
  })

const report = (): string => `# Wire traps

What servers send that differs from what their documentation leads to expect, and whether it has the right result with each provider.
\`pnpm faults wire-traps\` runs the table against servers of its own and compares it with this file; with \`-u\` it writes it.

Rows P01 to P40 are those of the [fault catalogue](../FAULTS.md). "SDK" marks what the SDKs of the providers pass through or hide.
"-" means that the API has no way to send it. A model of \`effect/ai\` reads its own wire, so only its results are tested here.

${table([
  ["passed of all", ...wires.map(({ name }) => name)],
  ["", ...summary()]
])}

${table([
  ["row", "what the server sends", ...wires.map(({ name }) => name)],
  ...traps.map((trap) => [trap.row, trap.name, ...cells(trap)])
])}
`

describe("wire traps", () => {
  afterAll(() => stdout.write(wires.map(({ name }, i) => `wire traps, ${name}: ${summary()[i]}\n`).join("")))
  it("there are at least 40, with names of their own", () => {
    assert.isAtLeast(traps.length, 40)
    assert.strictEqual(new Set(traps.map(({ name }) => name)).size, traps.length)
  })
  for (const trap of traps)
    describe(`${trap.row} ${trap.name}`, () => {
      for (const wire of wires) {
        const reply = trap.of(wire)
        if (reply === undefined) continue
        it.live(wire.name, () =>
          Effect.gen(function* () {
            const server = yield* serve(reply)
            const seen = yield* outcome(wire.make(server.url)).pipe(Effect.timeout("90 seconds"))
            assert.strictEqual(seen.end, trap.end, seen.reason?.detail)
            if (trap.line !== undefined) assert.strictEqual(seen.line, trap.line)
            trap.check?.(seen)
            passed.add(key(trap, wire.name))
          })
        )
      }
    })
  it("have the results in docs/evidence", () =>
    expect(report()).toMatchFileSnapshot(join(import.meta.dirname, "../docs/evidence/wire-traps.md")))
})
