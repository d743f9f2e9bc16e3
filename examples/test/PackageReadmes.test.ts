import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process, { env as ownEnvironment } from "node:process"

const root = join(import.meta.dirname, "../..")
const read = (path: string) => readFileSync(join(root, path), "utf8")

const Manifest = Schema.Struct({
  name: Schema.String,
  private: Schema.optionalKey(Schema.Boolean),
  keywords: Schema.optionalKey(Schema.Array(Schema.String)),
  files: Schema.optionalKey(Schema.Array(Schema.String)),
  exports: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  engines: Schema.optionalKey(Schema.Struct({ node: Schema.String }))
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Manifest))

/** The published packages. The page of `testing` is about its concepts and lists several modules in one line. */
const packages = readdirSync(join(root, "packages"))
  .filter((name) => name !== "testing")
  .map((name) => ({ name, manifest: decode(read(`packages/${name}/package.json`)) }))
  .filter(({ manifest }) => manifest.private !== true)
const libraries = packages.filter(({ manifest }) => manifest.exports !== undefined)
const page = (name: string) => read(`packages/${name}/README.md`)
const fences = (text: string, language: string) =>
  [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, kind, code = ""]) => (kind === language ? [code] : []))

it("every published package has a page, keywords and the same engines", () => {
  const node = decode(read("package.json")).engines?.node
  assert.isAtLeast(packages.length, 11)
  for (const { manifest, name } of packages) {
    assert.isTrue(page(name).startsWith(`# ${manifest.name}\n`), name)
    assert.include(manifest.files ?? [], "README.md", name)
    assert.isAtLeast(manifest.keywords?.length ?? 0, 3, name)
    assert.strictEqual(manifest.engines?.node, node, name)
  }
})

it("a package's page lists its public modules, in the order of its exports", () => {
  for (const { manifest, name } of libraries) {
    const listed = [...page(name).matchAll(/^\| `(\w+)` +\| (\S.*\S) +\|$/gm)].map(([, module]) => module)
    const exported = Object.keys(manifest.exports ?? {}).filter((key) => key !== "." && key !== "./package.json")
    assert.deepStrictEqual(
      listed,
      exported.map((key) => key.slice(2)),
      name
    )
  }
})

it("a package's example is a file that the checks compile, and the install line names what it imports", () => {
  for (const { manifest, name } of libraries) {
    const example = read(`examples/packages/${name}.ts`)
    assert.deepStrictEqual(fences(page(name), "ts"), [example], name)
    const imported = new Set([...example.matchAll(/"(effect|@parley\/\w+)/g)].map(([, module = ""]) => module))
    const [install = ""] = fences(page(name), "sh")
    assert.sameMembers(install.trim().split(" ").slice(2), [...imported.add(manifest.name)], name)
  }
})

/** What each example prints. */
const printed: { readonly [name: string]: RegExp } = {
  app: /RoundStarted\n[^]*RoundCompleted/,
  domain: /^ses_\w+ has 0 rounds/,
  http: /^true/,
  mcp: /apples: 12 left/,
  os: /^process \d+ works alone/,
  prompt: /You help in a small shop\.[^]*- Answer briefly\.[^]*Prices are in francs\./,
  provider: /TextDelta[^]*Finish/,
  session: /1 RoundStarted\n[^]*RoundCompleted/,
  store: /^Apples/,
  workspace: /^0 files, 0 skipped/
}

const run = (name: string) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-example-"))),
    (directory) =>
      Effect.callback<string>((resume) => {
        const env = { PATH: ownEnvironment["PATH"], HOME: directory }
        const file = join(root, `examples/packages/${name}.ts`)
        const child = execFile(process.execPath, [file], { cwd: directory, env }, (error, stdout, stderr) => {
          resume(error === null ? Effect.succeed(stdout) : Effect.die(stderr))
        })
        return Effect.sync(() => child.kill("SIGKILL"))
      }),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )

it.live("the examples of the packages' pages run", () =>
  Effect.gen(function* () {
    assert.sameMembers(
      Object.keys(printed),
      libraries.map(({ name }) => name)
    )
    const outputs = yield* Effect.forEach(Object.entries(printed), ([name]) => run(name), { concurrency: 2 })
    for (const [i, expected] of Object.values(printed).entries()) assert.match(outputs[i] ?? "", expected)
  })
)
