import { assert, describe, it } from "@effect/vitest"
import type { UserLocations } from "@parley/workspace/Locations"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KeyCommand from "../src/keys/KeyCommand.ts"
import * as Keychain from "../src/keys/Keychain.ts"
import * as ProviderKeys from "../src/keys/ProviderKeys.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-keys-")))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)
const userIn = (directory: string): UserLocations => ({
  configFile: join(directory, "config.json"),
  instructionsFile: join(directory, "AGENTS.md"),
  databaseFile: join(directory, "parley.db"),
  resultsDirectory: join(directory, "results"),
  keysFile: join(directory, "data/keys.json"),
  mcpAuthDirectory: join(directory, "mcp-auth"),
  stateDirectory: join(directory, "state")
})

const node = (script: string): ReadonlyArray<string> => [process.execPath, "-e", script]
/** The message of the error with which a source fails. */
const failureOf = (source: { readonly get: () => Promise<string> }) =>
  Effect.promise(() =>
    source.get().then(
      () => "no failure",
      (error: unknown) => String(error)
    )
  )

describe("apiKeyCommand", () => {
  it.live("is started once, and again when its key was refused", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "count")
      const script = `require("fs").appendFileSync('${file}', "x"); console.log("  key-" + require("fs").readFileSync('${file}').length)`
      const source = KeyCommand.make(node(script))
      const get = Effect.promise(source.get)
      assert.deepStrictEqual(yield* Effect.all([get, get], { concurrency: "unbounded" }), ["key-1", "key-1"])
      assert.strictEqual(yield* get, "key-1")
      source.forget()
      assert.strictEqual(yield* get, "key-2")
    }).pipe(Effect.scoped)
  )

  it.live("passes its arguments unchanged, without a shell", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "made")
      const source = KeyCommand.make([
        ...node("console.log(process.argv[1].length)"),
        `$(touch ${file}); touch ${file}`
      ])
      assert.strictEqual(yield* Effect.promise(source.get), String(`$(touch ${file}); touch ${file}`.length))
      assert.isFalse(existsSync(file))
    }).pipe(Effect.scoped)
  )

  it.live("that fails says why, and never shows what it printed", () =>
    Effect.gen(function* () {
      assert.match(yield* failureOf(KeyCommand.make(["/no/such/program"])), /there is no program \/no\/such\/program/)
      const failing = yield* failureOf(
        KeyCommand.make(node('console.log("key-x"); console.error("key-y"); process.exit(7)'))
      )
      assert.include(failing, "ended with exit code 7")
      const words = yield* failureOf(KeyCommand.make(node('console.log("two key-z")')))
      assert.include(words, "did not print a key")
      for (const text of [failing, words]) assert.notMatch(text, /key-[xyz]/)
      const slow = yield* failureOf(KeyCommand.make(node("setInterval(() => {}, 1000)"), 300))
      assert.include(slow, "did not end within")
    })
  )

  it.live("is tried again after a failure", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "ready")
      const source = KeyCommand.make(node(`process.stdout.write(require("fs").readFileSync('${file}'))`))
      assert.include(yield* failureOf(source), "exit code 1")
      writeFileSync(file, "key-now\n")
      assert.strictEqual(yield* Effect.promise(source.get), "key-now")
    }).pipe(Effect.scoped)
  )
})

it.live("the package of the keychain is found where it is installed", () =>
  Effect.map(Effect.promise(Keychain.load), (keychain) => assert.isDefined(keychain))
)

/** A keychain in memory. */
const memory = () => {
  const keys = new Map<string, string>()
  const keychain: Keychain.Keychain = {
    get: (provider) => keys.get(provider),
    set: (provider, key) => void keys.set(provider, key),
    remove: (provider) => void keys.delete(provider)
  }
  return { keys, keychain }
}
const refusing: Keychain.Keychain = {
  get: () => {
    throw new TypeError("AccessDenied")
  },
  set: () => {
    throw new TypeError("AccessDenied")
  },
  remove: () => {}
}
const withKeychain = (keychain: Keychain.Keychain | undefined) =>
  Effect.provideService(Keychain.Loading, () => Promise.resolve(keychain))
const key = Redacted.make("key-secret")

describe("a stored key", () => {
  it.live("is in the keychain if there is one, and the file only says so", () =>
    Effect.gen(function* () {
      const user = userIn(yield* temporary)
      const { keychain, keys } = memory()
      const inChain = withKeychain(keychain)
      assert.strictEqual(yield* ProviderKeys.store(user, "mine", key, undefined).pipe(inChain), "keychain")
      assert.notInclude(readFileSync(user.keysFile, "utf8"), "key-secret")
      const sources = yield* ProviderKeys.load(user).pipe(inChain)
      assert.strictEqual(
        yield* Effect.promise(() => sources.stored("mine")?.get() ?? Promise.resolve("")),
        "key-secret"
      )
      assert.isUndefined(sources.stored("other"))
      assert.isTrue(yield* ProviderKeys.forget(user, "mine").pipe(inChain))
      assert.isEmpty(keys)
      assert.isFalse(yield* ProviderKeys.forget(user, "mine").pipe(inChain))
    }).pipe(Effect.scoped)
  )

  it.live("is in a file that only the user can read, without a keychain or if it refuses, or if that is wanted", () =>
    Effect.gen(function* () {
      const { keychain, keys } = memory()
      const cases = [
        [undefined, undefined],
        [refusing, undefined],
        [keychain, "file"]
      ] as const
      for (const [chain, wanted] of cases) {
        const user = userIn(yield* temporary)
        assert.strictEqual(yield* ProviderKeys.store(user, "mine", key, wanted).pipe(withKeychain(chain)), "file")
        assert.strictEqual(statSync(user.keysFile).mode & 0o777, 0o600)
        const sources = yield* ProviderKeys.load(user)
        assert.strictEqual(
          yield* Effect.promise(() => sources.stored("mine")?.get() ?? Promise.resolve("")),
          "key-secret"
        )
      }
      assert.isEmpty(keys)
    }).pipe(Effect.scoped)
  )

  it.live("that the keychain does not give says what to do", () =>
    Effect.gen(function* () {
      const user = userIn(yield* temporary)
      yield* ProviderKeys.store(user, "mine", key, undefined).pipe(withKeychain(memory().keychain))
      const why = (chain: Keychain.Keychain | undefined) =>
        Effect.flatMap(ProviderKeys.load(user).pipe(withKeychain(chain)), ({ stored }) =>
          failureOf(stored("mine") ?? { get: () => Promise.resolve("") })
        )
      assert.include(yield* why(undefined), "install the optional package @napi-rs/keyring")
      assert.include(yield* why(refusing), "unlock it")
      assert.include(yield* why(memory().keychain), "`parley auth login mine` stores it again")
    }).pipe(Effect.scoped)
  )
})
