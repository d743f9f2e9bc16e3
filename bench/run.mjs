// pnpm bench [--rounds 3] [--cases REGEXP] [--write]: every case for every peer, interleaved, each in a fresh process.
// Figures are medians over rounds. Ratios compare results of the same run only, because machines and loads differ.
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { cpus, platform } from "node:os"
import { join } from "node:path"

const argument = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback)
}
const rounds = Number(argument("rounds", "3"))
const wanted = new RegExp(argument("cases", "."))
const peers = ["limit-http", "sdk-create", "sdk-stream", "parley", "parley-open"]
const cases = [
  "stream n=1",
  "stream n=5000",
  "stream n=20000",
  "tools k=1 ms=50",
  "tools k=8 ms=50",
  "tools k=64 ms=0",
  "rounds r=50",
  "hist h=100",
  "hist h=1000",
  "hist h=5000"
]
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

const server = spawn(process.execPath, [join(import.meta.dirname, "server.mjs")], {
  stdio: ["ignore", "pipe", "inherit"]
})
const port = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data).trim())))
const streams = new Map()
const lines = []
let failed = 0
const say = (line) => {
  lines.push(line)
  console.log(line)
}
say(
  `# Benchmark\n\n\`pnpm bench --rounds ${rounds}\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${platform()}, ${cpus().length} cores (${cpus()[0].model.trim()}).`
)
say(
  "\nMedians over rounds, each case in a fresh process. `parley` opens the session from SQLite with each message, `parley-open` has it open; both store everything with the barriers of the contract. The others store nothing."
)
for (const name of cases.filter((name) => wanted.test(name))) {
  const results = Object.fromEntries(peers.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++)
    for (const peer of peers) {
      const one = [join(import.meta.dirname, "one.mjs"), peer, name, `http://127.0.0.1:${port}`]
      const { status, stderr, stdout } = spawnSync(process.execPath, ["--expose-gc", ...one], { encoding: "utf8" })
      if (status === 0) results[peer].push(JSON.parse(stdout.trim().split("\n").at(-1)))
      else {
        failed++
        console.error(`${name} ${peer} failed with exit code ${status}:\n${stderr.trim()}`)
      }
    }
  if (name.startsWith("stream"))
    streams.set(name, Object.fromEntries(peers.map((peer) => [peer, median(results[peer].map(({ cpu }) => cpu))])))
  const of = (peer, key) => median(results[peer].map((result) => result[key]))
  const isHistory = name.startsWith("hist")
  const main = isHistory ? "sent" : name.startsWith("tools") ? "wall" : "cpu"
  const chunks = /^stream n=(\d+)/.exec(name)?.[1]
  say(
    `\n## ${name}\n\n| | wall ms | cpu ms |${isHistory ? " request sent after ms | body bytes |" : ""}${chunks ? " cpu µs per chunk |" : ""} × limit-http | × sdk-stream |`
  )
  say(`|---|---:|---:|${isHistory ? "---:|---:|" : ""}${chunks ? "---:|" : ""}---:|---:|`)
  for (const peer of peers.filter((peer) => results[peer].length > 0)) {
    const extra = isHistory
      ? ` ${of(peer, "sent").toFixed(2)} | ${of(peer, "bytes")} |`
      : chunks
        ? ` ${((of(peer, "cpu") * 1000) / Number(chunks)).toFixed(2)} |`
        : ""
    const ratio = (other) => (of(peer, main) / of(other, main)).toFixed(2)
    say(
      `| ${peer} | ${of(peer, "wall").toFixed(2)} | ${of(peer, "cpu").toFixed(2)} |${extra} ${ratio("limit-http")} | ${ratio("sdk-stream")} |`
    )
  }
}
const [first, longer] = ["stream n=1", "stream n=20000"].map((name) => streams.get(name))
if (first !== undefined && longer !== undefined) {
  say(
    "\n## Cost of each additional chunk\n\nCPU µs, from the difference between 20 000 chunks and one, so that the fixed cost of a message is excluded.\n"
  )
  for (const peer of peers) say(`- ${peer}: ${(((longer[peer] - first[peer]) * 1000) / 19_999).toFixed(2)}`)
}
server.kill()
if (failed > 0) {
  console.error(`${failed} runs failed; nothing is written`)
  process.exit(1)
}
if (process.argv.includes("--write")) {
  const directory = join(import.meta.dirname, "../docs/evidence")
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, "bench.md"), `${lines.join("\n")}\n`)
}
