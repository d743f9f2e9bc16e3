import { assert, beforeEach, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { packagesOf, titleOf } from "../scripts/licences/bundled.ts"
import { documentOf, noticesOf, problemsOf } from "../scripts/licences/notices.ts"
import { tarballProblems } from "../scripts/licences/plugin.ts"

let root = ""
const write = (path: string, text: string): string => {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}
/** Creates a package with one module and returns the path of the module. */
const install = (name: string, license: unknown, files: { readonly [path: string]: string }): string => {
  write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", license }))
  for (const [path, text] of Object.entries(files)) write(`node_modules/${name}/${path}`, text)
  return join(root, "node_modules", name, Object.keys(files)[0] ?? "")
}
const packages = (...modules: ReadonlyArray<string>) =>
  packagesOf(modules, join(root, "packages"), join(root, "node_modules/rolldown"))
const titles = (...modules: ReadonlyArray<string>) => packages(...modules).map(titleOf)
const notices = (...modules: ReadonlyArray<string>) =>
  noticesOf(packages(...modules), join(root, "scripts/licences/texts"))
const plain = { "index.js": "export {}", LICENSE: "the text of plain" }

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-licences-"))
  mkdirSync(join(root, "scripts/licences/texts"), { recursive: true })
  return () => rmSync(root, { recursive: true })
})

describe("the packages of a bundle", () => {
  it("include those of its modules, by the nearest package.json with a name, except ours", () => {
    write("packages/cli/package.json", JSON.stringify({ name: "@parley/cli", version: "1.0.0" }))
    write("node_modules/plain/esm/package.json", JSON.stringify({ type: "module" }))
    install("plain", "MIT", plain)
    const inner = write("node_modules/plain/esm/index.js", "export {}")
    const vendored = write("packages/cli/node_modules/@a/b/index.js", "")
    write("packages/cli/node_modules/@a/b/package.json", JSON.stringify({ name: "@a/b", version: "2.0.0" }))
    assert.deepStrictEqual(titles(write("packages/cli/src/main.ts", ""), inner, vendored), [
      "@a/b@2.0.0",
      "plain@1.0.0"
    ])
  })

  it("include those that a module was bundled from, and those that were copied into a package", () => {
    const outer = install("outer", "MIT", {
      "dist/index.mjs": [
        "//#region ../../node_modules/.pnpm/@in+ner@1.2.3_peer@4.0.0/node_modules/@in/ner/index.js",
        "// node_modules/esbuilt/lib/index.js",
        "const text = `node_modules/none/of/it.js`"
      ].join("\n"),
      "_vendor/tiny/index.mjs": ""
    })
    const copied = join(root, "node_modules/outer/_vendor/tiny/index.mjs")
    assert.deepStrictEqual(titles(outer, copied), ["@in/ner@1.2.3", "esbuilt", "outer@1.0.0", "tiny"])
  })

  it("include the bundler, because every bundle contains its helpers", () => {
    install("rolldown", "MIT", { ...plain, "THIRD-PARTY-LICENSE": "of its compiler" })
    const [own] = notices("\0rolldown/runtime.js")
    assert.strictEqual(own?.title, "rolldown@1.0.0")
    assert.deepStrictEqual(own?.texts, [{ from: "LICENSE", text: "the text of plain" }])
  })

  it("fail the build if the package of a module is unknown", () => {
    assert.throws(() => packages("\0virtual:unknown"), /a module of no package: "\\u0000virtual:unknown"/)
  })
})

describe("the notice of a package", () => {
  it("contains its licence, its notices, and the copyright comments of its source files", () => {
    const module = install("full", "(MIT OR CC0-1.0)", {
      "index.js": "/*! Copyright (c) 2020 Ada */\nexport {}\n// nothing of the kind\n",
      "LICENSE.md": "the licence",
      NOTICE: "the notice",
      "src/copied/COPYING": "of what was copied",
      "licenses.js": "export {}",
      "node_modules/other/LICENSE": "of another"
    })
    const [notice] = notices(module)
    assert.deepStrictEqual(notice, {
      title: "full@1.0.0",
      licence: "(MIT OR CC0-1.0)",
      texts: [
        { from: "LICENSE.md", text: "the licence" },
        { from: "NOTICE", text: "the notice" },
        { from: join("src", "copied", "COPYING"), text: "of what was copied" },
        { from: "its source files", text: "/*! Copyright (c) 2020 Ada */" }
      ]
    })
  })

  it("fails the build if a text is missing or not at the top of the package, until one is stored", () => {
    const bare = install("bare", "MIT", { "index.js": "", "src/copied/LICENSE": "of what was copied" })
    assert.throws(
      () => notices(bare),
      /bare@1.0.0 is in the bundle without the text of its licence: add it as .*bare@1/
    )
    write("scripts/licences/texts/bare@1.0.0.txt", "MIT\n\nthe text of bare\n")
    assert.include(documentOf(notices(bare)), "the text of bare")
    // Another version may be under another licence.
    write("node_modules/bare/package.json", JSON.stringify({ name: "bare", version: "1.0.1", license: "MIT" }))
    rmSync(join(root, "scripts/licences/texts/bare@1.0.0.txt"))
    assert.throws(() => notices(bare), /bare@1.0.1 is in the bundle without/)
  })

  it("fails the build without a licence, or if the licence was not reviewed", () => {
    for (const license of [
      "GPL-3.0",
      "MIT AND GPL-3.0",
      "SEE LICENSE IN LICENSE",
      "UNLICENSED",
      "MIT OR ISC AND GPL-3.0"
    ])
      assert.throws(
        () => notices(install("plain", license, plain)),
        `under a licence that was not reviewed: ${license}`
      )
    for (const license of [undefined, { type: "MIT" }])
      assert.throws(
        () => notices(install("plain", license, plain)),
        /plain@1.0.0 is in the bundle and states no licence/
      )
    for (const license of ["MIT", "ISC AND MIT", "BlueOak-1.0.0", "GPL-3.0 OR MIT"])
      assert.strictEqual(notices(install("plain", license, plain)).length, 1, license)
  })

  it("fails the build if a stored text is not needed by any package", () => {
    write("scripts/licences/texts/gone@1.0.0.txt", "MIT\n\ntext\n")
    assert.throws(() => notices(install("plain", "MIT", plain)), /No package in the bundle needs .*gone@1.0.0.txt/)
  })
})

describe("a packed tarball", () => {
  const packed = () => {
    const module = install("plain", "Apache-2.0", { ...plain, NOTICE: `the notice\n${"-".repeat(80)}\nmore` })
    write("LICENSE", "ours")
    write("packages/cli/dist/parley.modules.json", JSON.stringify([module]))
    write("out/LICENSE", "ours")
    write("out/THIRD-PARTY-NOTICES", documentOf(notices(module)))
    return { module, problems: () => tarballProblems(root, join(root, "out"), true) }
  }

  it("contains our licence, and that of the command names every package", () => {
    const { module, problems } = packed()
    assert.deepStrictEqual(problems(), [])
    write("out/THIRD-PARTY-NOTICES", documentOf([]))
    assert.deepStrictEqual(problems(), ["THIRD-PARTY-NOTICES: it does not name plain@1.0.0"])
    const shortened = documentOf(notices(module)).replace("the notice", "")
    assert.deepStrictEqual(problemsOf(shortened, notices(module)), ["it lacks NOTICE of plain@1.0.0"])
    const other = install("other", "MIT", plain)
    const hostile = install("hostile", "MIT", { ...plain, NOTICE: `text\n${"=".repeat(80)}\nplain@1.0.0` })
    assert.throws(() => documentOf(notices(hostile)), /hostile@1.0.0 contains the separator line/)
    assert.deepStrictEqual(problemsOf(documentOf(notices(module, other)), notices(module)), [
      "it names other@1.0.0, which is not in the bundle"
    ])
    rmSync(join(root, "out/THIRD-PARTY-NOTICES"))
    rmSync(join(root, "out/LICENSE"))
    assert.strictEqual(problems().length, 2)
    assert.deepStrictEqual(tarballProblems(root, join(root, "out"), false), ["it does not carry our LICENSE"])
  })
})
