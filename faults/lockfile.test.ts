import { assert, beforeEach, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { installScripts, lockfileProblems } from "../scripts/lockfile.ts"

const own = readFileSync(join(import.meta.dirname, "../pnpm-lock.yaml"), "utf8")
const [pin = "", integrity = ""] = /\{integrity: (sha512-[^}]+)\}/.exec(own) ?? []

describe("the lockfile", () => {
  it("pins every package by its sha512, and names no host", () => {
    assert.deepStrictEqual(lockfileProblems(own), [])
  })

  it("is refused if a package is not pinned by a sha512 alone", () => {
    const ways = {
      "no integrity": "{}",
      "a weaker one": "{integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=}",
      "a shorter one": `{integrity: ${integrity.slice(0, -10)}==}`,
      "a tarball": `{integrity: ${integrity}, tarball: https://registry.example/a.tgz}`,
      "a commit": "{commit: 0123456789abcdef, repo: git@host.example:a/b.git, type: git}",
      "a directory": "{directory: ../a, type: directory}"
    }
    for (const [way, text] of Object.entries(ways)) {
      const problems = lockfileProblems(own.replace(pin, text))
      assert.match(problems[0] ?? "", /^\S+@\S+ is not pinned by a sha512$/, way)
    }
    const first = /^ {4}resolution: .*\n/m
    assert.match(lockfileProblems(own.replace(first, ""))[0] ?? "", /is not pinned by a sha512/)
    assert.match(lockfileProblems(own.replace(first, (line) => line + line))[0] ?? "", /is not pinned by a sha512/)
  })

  it("is refused if it contains a host anywhere", () => {
    for (const text of ["  specifier: https://host.example/a.tgz", "  version: git@host.example:a/b.git"])
      assert.deepStrictEqual(lockfileProblems(`${own}${text}\n`), [`it names a host: ${text.trim()}`])
  })

  it("is refused if it does not pin something that is used, or if it cannot be parsed", () => {
    const used = lockfileProblems(own.replace("\nsnapshots:\n", "\nsnapshots:\n\n  stray@1.0.0(peer@1.0.0): {}\n"))
    assert.deepStrictEqual(used, ["stray@1.0.0(peer@1.0.0) is used and not pinned"])
    for (const text of ["", "{}", own.replaceAll("\n", "\r\n"), own.replace("\npackages:\n", "\npackage:\n")])
      assert.include(lockfileProblems(text), "it is not one that this check can read")
  })
})

describe("programs that run when a published package is installed", () => {
  let root = ""
  const install = (at: string, manifest: object, file?: string) => {
    const dir = join(root, at)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, "package.json"), JSON.stringify({ name: at.replace(/.*node_modules\//, ""), ...manifest }))
    if (file !== undefined) writeFileSync(join(dir, file), "")
  }
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "parley-lockfile-"))
    return () => rmSync(root, { recursive: true })
  })

  it("do not exist among the dependencies of our packages", () => {
    const packages = join(dirname(import.meta.dirname), "packages")
    const names = ["cli", "domain", "mcp", "prompt", "provider", "session", "store", "testing", "workspace"]
    assert.deepStrictEqual(installScripts(names.map((name) => join(packages, name))), [])
  })

  it("are found for a package and all its dependencies, each once", () => {
    const any = "*"
    install("mine", {
      dependencies: { a: any, b: any },
      optionalDependencies: { gone: any },
      peerDependencies: { p: any }
    })
    install("node_modules/a", { dependencies: { b: any }, scripts: { test: "x" } })
    install("node_modules/b", { dependencies: { a: any, inner: any }, scripts: { postinstall: "x" } })
    install("node_modules/b/node_modules/inner", { scripts: { preinstall: "x", install: "x" } })
    install("node_modules/p", {}, "binding.gyp")
    install("node_modules/unused", { scripts: { install: "x" } })
    assert.deepStrictEqual(installScripts([join(root, "mine")]).toSorted(), [
      "b runs a program when it is installed: postinstall",
      "inner runs a program when it is installed: install",
      "inner runs a program when it is installed: preinstall",
      "p runs a program when it is installed: binding.gyp"
    ])
  })
})
