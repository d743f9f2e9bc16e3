import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import type { RequestListener } from "node:http"
import { createServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { promisify } from "node:util"
import { Effect, type Scope } from "effect"
import { listening } from "../../packages/harness/src/provider/listening.ts"

const run = promisify(execFile)

/** A key and a certificate for `localhost`, created for this run so that no key is stored in the repository. */
const credentials = Effect.acquireUseRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-faults-tls-"))),
  (directory) =>
    Effect.promise(() =>
      run(
        "openssl",
        [
          "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost".split(" "),
          ["-addext", "subjectAltName=DNS:localhost"],
          ["-keyout", join(directory, "key.pem"), "-out", join(directory, "cert.pem")]
        ].flat()
      ).then(() => ({
        key: readFileSync(join(directory, "key.pem"), "utf8"),
        cert: readFileSync(join(directory, "cert.pem"), "utf8")
      }))
    ),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

/** The URL of an HTTPS server on a free loopback port. This process trusts it as long as the scope is open. */
export const secured = (listener: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { cert, key } = yield* credentials
    const trusted = getCACertificates("default")
    yield* Effect.acquireRelease(
      Effect.sync(() => setDefaultCACertificates([...trusted, cert])),
      () => Effect.sync(() => setDefaultCACertificates(trusted))
    )
    const server = createServer({ cert, key }, listener)
    return `https://localhost:${yield* listening(server)}`
  })
