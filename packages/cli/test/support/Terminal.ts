import { spawn } from "node:child_process"
import { join } from "node:path"
import { env as inherited } from "node:process"
import * as Effect from "effect/Effect"
import { cache, type Place, main } from "./Cli.ts"

/** Waits for something outside of this process. */
export const eventually = (what: string, holds: () => boolean, seen: () => string = () => "", seconds = 100) =>
  Effect.suspend(() => {
    const patience = performance.now() + seconds * 1000
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (holds()) return Effect.void
      if (performance.now() > patience) return Effect.die(`waited ${seconds} s for ${what}: ${seen()}`)
      return Effect.andThen(Effect.sleep(10), look)
    })
    return look
  })

/** The command on a terminal of its own; `wrap` is the line of the shell around it. Ends with the scope. */
export const terminal = (here: Place, args: ReadonlyArray<string>, wrap = (command: string) => `exec ${command}`) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const command = wrap([process.execPath, main, ...args].join(" "))
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        cwd: here.workspace,
        env: { PATH: inherited["PATH"], HOME: here.home, NODE_COMPILE_CACHE: cache, TERM: "xterm" }
      })
      let output = ""
      child.stdout.setEncoding("utf8").on("data", (data: string) => (output += data))
      child.stdin.on("error", () => {})
      const shows = (words: RegExp) =>
        eventually(
          String(words),
          () => words.test(output),
          () => output.slice(-1500)
        )
      const ended = eventually(
        "its end",
        () => child.exitCode !== null,
        () => output.slice(-1500)
      )
      const type = (keys: string) => Effect.sync(() => void child.stdin.write(keys))
      return { child, shows, type, ended: Effect.map(ended, () => ({ code: child.exitCode, output })) }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** A server over stdio that writes its process id, and that of a child, into a file of the home. */
export const serverIn = (here: Place, ...flags: ReadonlyArray<string>) => ({
  command: process.execPath,
  args: [
    join(import.meta.dirname, "../../../mcp/test/fixtures/raw-server.mjs"),
    "--grandchild",
    `--log=${join(here.home, "server.log")}`,
    ...flags
  ]
})
