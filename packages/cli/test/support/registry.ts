import { createHash } from "node:crypto"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { listening } from "@parley/harness/listening"

export interface Package {
  readonly name: string
  readonly version: string
  /** Its one program. */
  readonly program: string
}

/** The package as npm packs it. */
const packed = ({ name, program, version }: Package) => {
  const directory = mkdtempSync(join(tmpdir(), "parley-registry-"))
  mkdirSync(join(directory, "package"))
  writeFileSync(
    join(directory, "package/package.json"),
    JSON.stringify({ name, version, bin: { program: "program.js" } })
  )
  writeFileSync(join(directory, "package/program.js"), program, { mode: 0o755 })
  execFileSync("tar", ["-czf", "package.tgz", "package"], { cwd: directory })
  const bytes = readFileSync(join(directory, "package.tgz"))
  rmSync(directory, { recursive: true })
  return bytes
}

/** An npm registry on loopback that has one package, or none, and writes down what it is asked for. */
export const registry = (one?: Package) =>
  Effect.suspend(() => {
    const asked: Array<string> = []
    const bytes = one === undefined ? undefined : packed(one)
    const server = createServer(({ headers, url = "" }, response) => {
      asked.push(url)
      if (one === undefined || bytes === undefined) return response.writeHead(404).end("{}")
      if (url.endsWith(".tgz")) return response.end(bytes)
      if (decodeURIComponent(url.slice(1)) !== one.name) return response.writeHead(404).end("{}")
      const { name, version } = one
      const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`
      const dist = { tarball: `http://${headers.host}/package.tgz`, integrity }
      const versions = { [version]: { name, version, bin: { program: "program.js" }, dist } }
      return response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }))
    })
    return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}/`, asked }))
  })
