import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { env as inherited } from "node:process"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { main, place } from "./support/Cli.ts"
import { registry } from "./support/registry.ts"

const root = join(import.meta.dirname, "../../..")
const guide = fs.readdirSync(join(root, "docs/guide")).map((page) => `docs/guide/${page}`)
const pages = ["README.md", ...guide].map((page) => fs.readFileSync(join(root, page), "utf8")).join("\n")
const fences = (kind: string) =>
  [...pages.matchAll(new RegExp(`\`\`\`${kind}\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text = ""]) => text)
const configurations = fences("jsonc").filter((text) => text.includes('"mcpServers"'))
/** The README repeats some lines of the guide. */
const lines = [...new Set(fences("sh").flatMap((text) => text.split("\n")))]
const added = lines.filter((line) => line.startsWith("parley mcp add "))
const probed = lines.filter((line) => line.startsWith("parley mcp probe ") && line.includes(" -- "))
const [, name = "", version = ""] = /"(@[\w-]+\/[\w-]+)@([\d.]+)"/.exec(configurations.join()) ?? []

/** A server that has no tools, and writes down where it was started. */
const genuine = (marker: string) => `#!/usr/bin/env node
const fs = require("node:fs"), file = ${JSON.stringify(marker)}
fs.appendFileSync(file, JSON.stringify([process.cwd(), ...process.argv.slice(2)]) + "\\n")
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  const result = method === "initialize"
    ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } }
    : { tools: [] }
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result }))
})`

/** All that package managers look for in a project, made to run something else. */
const trap = (workspace: string, evilRegistry: string, evil: string) => {
  const write = (path: string, text: string, mode = 0o644) => {
    fs.mkdirSync(dirname(join(workspace, path)), { recursive: true })
    fs.writeFileSync(join(workspace, path), text, { mode })
  }
  const program = `#!${process.execPath}\nrequire("node:fs").appendFileSync(${JSON.stringify(evil)}, __filename + "\\n")\n`
  const bin = { program: "evil.js" }
  write("evil.js", program, 0o755)
  write("my-server.mjs", `import ${JSON.stringify(join(workspace, "evil.js"))}`)
  write("package.json", JSON.stringify({ name, version, bin, workspaces: ["packages/*"] }))
  write("packages/a/package.json", JSON.stringify({ name: "a", version, bin }))
  write("packages/a/evil.js", program, 0o755)
  write(`node_modules/${name}/package.json`, JSON.stringify({ name, version, bin }))
  write(`node_modules/${name}/evil.js`, program, 0o755)
  for (const command of ["program", "mcp-server-filesystem", "server-filesystem", "npx", "node", "uvx"])
    write(`node_modules/.bin/${command}`, program, 0o755)
  for (const command of ["npx", "node", "uvx"]) write(command, program, 0o755)
  const node = `node-options=--require=${join(workspace, "evil.js")}`
  write(".npmrc", `registry=${evilRegistry}\n@modelcontextprotocol:registry=${evilRegistry}\n${node}\n`)
  write(".yarnrc", `registry "${evilRegistry}"\nyarn-path "./evil.js"\n`)
  write(".yarnrc.yml", `npmRegistryServer: "${evilRegistry}"\nyarnPath: ./evil.js\n`)
  write("uv.toml", `index-url = "${evilRegistry}"\n`)
  write("pyproject.toml", `[tool.uv]\nindex-url = "${evilRegistry}"\n`)
}

const world = Effect.gen(function* () {
  const here = yield* place
  const marker = join(here.home, "genuine.log")
  const evil = join(here.home, "evil.log")
  const own = yield* registry({ name, version, program: genuine(marker) })
  const theirs = yield* registry()
  trap(here.workspace, theirs.url, evil)
  // What an accident leaves there is no project of Parley's either.
  fs.mkdirSync(join(here.home, "node_modules/.bin"), { recursive: true })
  fs.symlinkSync(join(here.workspace, "evil.js"), join(here.home, "node_modules/.bin/program"))
  fs.writeFileSync(join(here.home, ".npmrc"), `registry=${own.url}\nupdate-notifier=false\n`)
  const bin = join(here.home, "bin")
  fs.mkdirSync(bin)
  fs.writeFileSync(join(bin, "parley"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
  /** A line as it is printed, in the project. */
  const shell = (line: string): Effect.Effect<string> =>
    Effect.callback<string>((resume) => {
      const child = spawn("sh", ["-c", line], {
        cwd: here.workspace,
        env: { PATH: `${bin}:${inherited["PATH"]}`, HOME: here.home },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let output = ""
      for (const pipe of [child.stdout, child.stderr]) pipe.setEncoding("utf8").on("data", (data) => (output += data))
      child.on("close", () => resume(Effect.succeed(output)))
    })
  const read = (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").slice(0, -1) : [])
  return {
    here,
    shell,
    started: () => read(marker),
    ran: () => read(evil),
    /** The first start has npm fetch the package, which may take longer than a server has on a busy machine. */
    until: (line: string, holds: () => boolean) => Effect.repeat(shell(line), { until: holds, times: 5 }),
    asked: { own: own.asked, theirs: theirs.asked }
  }
})

type World = Effect.Success<typeof world>

const untouched = ({ asked, here, ran, started }: World) => {
  const [first = "[]"] = started()
  assert.deepStrictEqual(JSON.parse(first), [join(here.home, ".cache/parley/neutral/empty"), "/home/me/notes"])
  assert.strictEqual(new Set(started()).size, 1)
  assert.include(asked.own.map(decodeURIComponent), `/${name}`)
  assert.deepStrictEqual(asked.theirs, [])
  assert.deepStrictEqual(ran(), [])
}

it.live("the guide's configuration, as printed, runs nothing of a hostile project", () =>
  Effect.gen(function* () {
    assert.strictEqual(configurations.length, 1)
    const there = yield* world
    const file = join(there.here.home, ".config/parley/config.json")
    fs.mkdirSync(dirname(file), { recursive: true })
    fs.writeFileSync(file, configurations.join(), { mode: 0o600 })
    yield* there.until("parley tools", () => there.started().length > 0)
    yield* there.shell("parley run hi")
    untouched(there)
    // That the trap is one: in the project itself the project decides.
    there.here.configure({
      mcpServers: { files: { command: "npx", args: ["-y", `${name}@${version}`], cwd: "workspace" } }
    })
    yield* there.until("parley tools", () => there.ran().length > 0)
    assert.include(there.ran().join(), "evil.js")
  })
)

it.live("the commands of the README and the guide, as printed, run nothing of a hostile project", () =>
  Effect.gen(function* () {
    assert.isAtLeast(added.length, 2)
    assert.isAtLeast(probed.length, 2)
    const there = yield* world
    for (const line of added) assert.include(yield* there.shell(line), "Added ")
    yield* there.until("parley mcp list", () => there.started().length > 0)
    for (const line of [
      ...probed,
      "parley mcp inspect files",
      `parley mcp probe -- npx -y ${name}@${version} /home/me/notes`
    ])
      yield* there.shell(line)
    untouched(there)
  })
)
