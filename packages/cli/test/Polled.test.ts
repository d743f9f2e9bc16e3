import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { createServer, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { polled } from "../src/terminal/Polled.ts"

/** Both ends of a pipe of the system. */
const pipe = Effect.acquireRelease(
  Effect.callback<{
    readonly path: string
    readonly reader: Socket
    readonly writer: Socket
    readonly end: () => void
  }>((resume) => {
    const path = join(tmpdir(), `parley-polled-${process.pid}`)
    const server = createServer((reader) => {
      const end = () => {
        reader.destroy()
        writer.destroy()
        server.close()
      }
      resume(Effect.succeed({ path, reader, writer, end }))
    })
    const writer = new Socket()
    server.listen(path, () => writer.connect(path))
  }),
  ({ end, path }) =>
    Effect.sync(() => {
      end()
      rmSync(path, { force: true })
    })
)

it.live("input that the system has received before the poll has been delivered after it", () =>
  Effect.gen(function* () {
    const { reader, writer } = yield* pipe
    let got = ""
    reader.setEncoding("utf8").on("data", (data: string) => (got += data))
    for (const words of ["typed", " and more"]) {
      writer.write(words)
      yield* polled
    }
    assert.strictEqual(got, "typed and more")
  })
)
