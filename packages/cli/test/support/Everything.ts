import { spawn } from "node:child_process"
import { createServer } from "node:net"
import { env as inherited } from "node:process"
import * as Effect from "effect/Effect"
import { resolve } from "node:path"

const packages = resolve(import.meta.dirname, "../../node_modules/@modelcontextprotocol")
export const everything = resolve(packages, "server-everything/dist/index.js")
export const filesystem = resolve(packages, "server-filesystem/dist/index.js")

const freePort = Effect.callback<number>((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    probe.close(() => resume(Effect.succeed(port)))
  })
})

/** The reference server over streamable HTTP on a free port; ends with the scope. */
export const everythingHttp = Effect.gen(function* () {
  const port = yield* freePort
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [everything, "streamableHttp"], {
        env: { PATH: inherited["PATH"], PORT: String(port) },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  yield* Effect.callback<void>((resume) => {
    const onData = (data: Buffer) => {
      if (data.includes("listening") || data.includes(String(port))) resume(Effect.void)
    }
    child.stderr.on("data", onData)
    child.stdout.on("data", onData)
  })
  return `http://127.0.0.1:${port}/mcp`
})
