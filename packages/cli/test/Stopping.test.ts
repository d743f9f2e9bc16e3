import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import { join } from "node:path"
import process, { env as inherited } from "node:process"
import { Effect } from "effect"
import { listening } from "@parley/harness/listening"
import { main, type Place, place } from "./support/Cli.ts"
import { ending, keyed, provider, streaming } from "./support/Provider.ts"
import { eventually, serverIn, terminal } from "./support/Terminal.ts"
import { promptly } from "@parley/harness/promptly"

const pidsOf = (here: Place): ReadonlyArray<number> => {
  const log = join(here.home, "server.log")
  if (!existsSync(log)) return []
  return [...readFileSync(log, "utf8").matchAll(/"(?:pid|grandchild)":(\d+)/g)].map(([, pid]) => Number(pid))
}

const lives = (pid: number) => {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

const served = (here: Place) => eventually("the server", () => pidsOf(here).length === 2)
const gone = (here: Place) => eventually("the end of the servers", () => !pidsOf(here).some(lives), undefined, 3)

/** In the middle of an answer, with a server that leaves for nothing but SIGKILL, and so does its child. */
const midway = Effect.gen(function* () {
  const here = yield* place
  here.configure({ mcpServers: { deaf: serverIn(here, "--deaf") } })
  const model = yield* provider(200, streaming, true)
  const { child, ended } = here.spawn(["run", "hi"], { env: keyed(model.url) })
  const seen = { out: "", err: "" }
  child.stdout?.on("data", (data: string) => (seen.out += data))
  child.stderr?.on("data", (data: string) => (seen.err += data))
  yield* eventually(
    "the answer",
    () => seen.out.includes("Thinking"),
    () => seen.err
  )
  return { here, child, ended, seen }
})

/** A model that ends its answer when it is told to. */
const halfway = Effect.suspend(() => {
  const held: Array<ServerResponse> = []
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(streaming)
    held.push(response)
  })
  const finish = () => held.forEach((response) => response.end(ending))
  return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}`, finish }))
})

describe("stopping", () => {
  it.live("a second Ctrl-C ends the command and its child processes at once", () =>
    Effect.gen(function* () {
      const { child, ended, here, seen } = yield* midway
      child.kill("SIGINT")
      yield* eventually("the advice", () => seen.err.includes("another Ctrl-C ends at once"))
      const at = performance.now()
      child.kill("SIGINT")
      assert.strictEqual((yield* ended).code, 130)
      promptly(performance.now() - at, 900)
      yield* gone(here)
    })
  )

  it.live("a signal that arrives twice within 50 ms counts once", () =>
    Effect.gen(function* () {
      const signals = join(import.meta.dirname, "../src/terminal/Signals.ts")
      const script = `import { onStop, receive } from "${signals}"
        let stops = 0
        onStop(() => stops++)
        receive("SIGINT")
        receive("SIGINT")
        setTimeout(() => process.exit(stops === 1 ? 0 : 1), 100)`
      const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" })
      yield* eventually("its end", () => child.exitCode !== null)
      assert.strictEqual(child.exitCode, 0)
    })
  )

  it.live("the process ends in time even if something keeps it alive", () =>
    Effect.gen(function* () {
      const signals = join(import.meta.dirname, "../src/terminal/Signals.ts")
      const script = `import { onStop, receive } from "${signals}"
        onStop(() => {})
        setInterval(() => {}, 1000)
        receive("SIGTERM")`
      const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" })
      yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
      yield* eventually("its end", () => child.exitCode !== null, undefined, 20)
      assert.strictEqual(child.exitCode, 143)
    })
  )

  it.live("an orderly end that hangs is cut short", () =>
    Effect.gen(function* () {
      const { child, ended, here } = yield* midway
      const at = performance.now()
      child.kill("SIGINT")
      assert.strictEqual((yield* ended).code, 130)
      promptly(performance.now() - at, 3000)
      yield* gone(here)
    })
  )

  const signals = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ] as const
  for (const [signal, code] of signals)
    it.live(`${signal} gives a server the time to close the browser that it has started`, () =>
      Effect.gen(function* () {
        const here = yield* place
        const log = join(here.home, "server.log")
        const logged = () => (existsSync(log) ? readFileSync(log, "utf8") : "")
        here.configure({ mcpServers: { careful: serverIn(here, "--closes", "--closing=400", "--browser") } })
        const model = yield* provider(200, streaming, true)
        const { child, ended } = here.spawn(["run", "hi"], { env: keyed(model.url) })
        let out = ""
        child.stdout?.on("data", (data: string) => (out += data))
        yield* eventually("the answer", () => out.includes("Thinking"))
        const at = performance.now()
        child.kill(signal)
        assert.strictEqual((yield* ended).code, code)
        promptly(performance.now() - at, 2000)
        assert.strictEqual(logged().match(/"signal":"SIGTERM"/g)?.length, 1)
        assert.include(logged(), '"closed"')
        yield* gone(here)
      })
    )

  it.live("SIGQUIT ends the command at once, and SIGUSR1 opens no debugger", () =>
    Effect.gen(function* () {
      const { child, ended, here, seen } = yield* midway
      child.kill("SIGUSR1")
      // Time for Node to say that it listens, which it does from a thread of its own.
      yield* Effect.sleep(300)
      child.kill("SIGQUIT")
      assert.strictEqual((yield* ended).code, 131)
      assert.notMatch(seen.err, /debugger/i)
      yield* gone(here)
    })
  )

  it.live("the end of its terminal ends a conversation and its servers", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ mcpServers: { careless: serverIn(here) } })
      const { child, shows } = yield* terminal(here, ["chat"])
      yield* shows(/> [^\n]*$/)
      yield* served(here)
      child.kill("SIGKILL")
      yield* gone(here)
    })
  )

  it.live("Ctrl-C at a prompt discards the typed text, and only a second one ends the conversation", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { ended, shows, type } = yield* terminal(here, ["chat"])
      yield* shows(/> [^\n]*$/)
      yield* type("half a thou\u0003")
      yield* shows(/press Ctrl-C again[^]*> [^\n]*$/)
      yield* type("hello\r")
      yield* shows(/offline demo model: [^]*> [^\n]*$/)
      yield* type("\u0003")
      yield* shows(/press Ctrl-C again[^]*press Ctrl-C again[^]*> [^\n]*$/)
      yield* Effect.sleep(60)
      yield* type("\u0003")
      assert.strictEqual((yield* ended).code, 130)
    })
  )

  it.live("Ctrl-Z restores the terminal", () =>
    Effect.gen(function* () {
      const here = yield* place
      const job = yield* terminal(here, ["chat"], (command) => `set -m; ${command}; stty -a; fg >/dev/null`)
      yield* job.shows(/> [^\n]*$/)
      yield* job.type("\u001a")
      yield* job.shows(/\nisig icanon [^]* echo [^]*\[\?2004h[^]*> [^\n]*$/)
      yield* job.type("hello\r")
      yield* job.shows(/offline demo model: /)
    })
  )

  it.live("a conversation whose input ended stops when its parent process has ended", () =>
    Effect.gen(function* () {
      const here = yield* place
      const model = yield* provider(200, streaming, true)
      const command = main.replaceAll("\\", "/")
      const script = `import { spawn } from "node:child_process"
        const child = spawn(process.execPath, ["${command}", "chat"], { stdio: ["pipe", "pipe", "ignore"] })
        child.stdin.write("hi\\n")
        child.stdout.once("data", () => console.log(child.pid))
        setInterval(() => {}, 1000)`
      const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
        cwd: here.workspace,
        env: { PATH: inherited["PATH"], HOME: here.home, ...keyed(model.url) },
        stdio: ["ignore", "pipe", "ignore"]
      })
      let pid = ""
      parent.stdout.on("data", (data: Buffer) => (pid += data.toString()))
      yield* eventually("the answer", () => pid.includes("\n"))
      parent.kill("SIGKILL")
      yield* eventually("its end", () => !lives(Number(pid)), undefined, 5)
    })
  )

  const wraps: ReadonlyArray<readonly [name: string, line: string, stdin: "ignore" | "pipe", code: number]> = [
    ["under nohup is ignored", 'exec nohup "$@"', "ignore", 0],
    ["is ignored without a terminal and an input", 'exec "$@"', "ignore", 0],
    ["is ignored if the shell's $_ names nohup", 'exec env _=/usr/bin/nohup "$@"', "pipe", 0],
    ["is ignored below a shell that ignores it", "trap '' HUP; \"$@\"; exit $?", "pipe", 0],
    ["ends the command when it reads a pipe", 'exec "$@"', "pipe", 129]
  ]
  for (const [name, line, stdin, code] of wraps)
    it.live(`a hangup ${name}`, () =>
      Effect.gen(function* () {
        const here = yield* place
        const model = yield* halfway
        const child = spawn("sh", ["-c", line, "sh", process.execPath, main, "run", "hi"], {
          cwd: here.workspace,
          env: { PATH: inherited["PATH"], HOME: here.home, ...keyed(model.url) },
          stdio: [stdin, "pipe", "pipe"]
        })
        child.stdin?.end()
        const seen = { out: "" }
        child.stdout?.on("data", (data: Buffer) => (seen.out += data.toString()))
        yield* eventually("the answer", () => seen.out.includes("Thinking"))
        const pid = child.pid ?? 0
        process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim() || pid), "SIGHUP")
        // It reads the signal no later than the rest of the answer.
        model.finish()
        yield* eventually("its end", () => child.exitCode !== null)
        assert.strictEqual(child.exitCode, code, seen.out)
      })
    )
})
